"""MP4 and QuickTime: their boxes, the movie header, and fragments."""
