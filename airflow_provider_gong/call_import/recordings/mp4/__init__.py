"""MP4 and QuickTime: the boxes they are made of, the head of the movie, and its fragments."""
