"""One run of an export: reads days, judges what is missing, and replaces what differs."""
