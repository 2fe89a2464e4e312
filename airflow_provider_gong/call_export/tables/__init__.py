"""The tables of an export: their columns, and how their rows are built from Gong's JSON."""
