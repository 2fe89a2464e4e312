"""Typed requests of the Gong API, as values to be sent by either client."""
