"""MPEG audio: its frames, and the tags around them."""
