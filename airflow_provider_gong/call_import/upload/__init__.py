"""The upload of an import: leased rows become calls with recordings."""
