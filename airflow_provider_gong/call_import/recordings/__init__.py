"""What can be known of a recording before it is sent: that it is there, is audio, and is long enough for Gong."""
