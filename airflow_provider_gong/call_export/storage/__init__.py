"""Storage of an export: its folder, files of rows, and manifests."""
