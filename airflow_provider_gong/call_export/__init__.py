"""What Gong knows, as files: whole days of calls and transcripts, replaced as a whole."""
