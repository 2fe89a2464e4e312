"""Handlers of the operations of the Gong API."""
