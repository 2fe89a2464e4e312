"""The report of an import: what became of its rows, and who has to act."""
