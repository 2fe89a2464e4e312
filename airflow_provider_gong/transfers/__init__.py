"""Transfers between Gong and other systems."""
