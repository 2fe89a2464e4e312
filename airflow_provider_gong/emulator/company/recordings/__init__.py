"""Measures recordings, and keeps small ones."""
