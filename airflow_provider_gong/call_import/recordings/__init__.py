"""Checks of a recording before it is sent: it exists, is audio, and is long enough for Gong."""
