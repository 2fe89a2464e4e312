"""One run of an export: reads days, judges what is gone, and replaces what differs."""
