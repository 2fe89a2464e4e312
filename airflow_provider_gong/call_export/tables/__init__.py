"""The tables of an export: their columns, and how rows are made from Gong's JSON."""
