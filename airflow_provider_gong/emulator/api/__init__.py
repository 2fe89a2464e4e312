"""The operations of the Gong API, one module per chapter of its reference."""
