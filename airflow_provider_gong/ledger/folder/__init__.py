"""The ledger of an import in a folder: a private database that is filled from a journal."""
