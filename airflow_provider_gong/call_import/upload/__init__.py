"""The upload of an import: turns leased rows into calls with recordings."""
