"""Access keys and tokens, request limits, and the request log."""
