"""Turns rows of cells into checked rows."""
