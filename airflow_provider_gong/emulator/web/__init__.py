"""What is served besides the Gong API: the pages and the control API."""
