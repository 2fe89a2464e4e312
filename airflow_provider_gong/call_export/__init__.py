"""Exports Gong's calls and transcripts to files; each UTC day is replaced as a whole."""
