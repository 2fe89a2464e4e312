"""Shared state in a database: what was about to be sent, and one row for every call of an import."""
