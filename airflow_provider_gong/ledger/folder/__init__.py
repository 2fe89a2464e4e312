"""The ledger of an import that is kept in a folder: a private database, and the journal that it is filled from."""
