"""The report of an import: the outcome of its rows, and who has to act."""
