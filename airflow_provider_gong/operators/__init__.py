"""Operators that write to Gong."""
