"""How an export is stored: its folder, the files of rows, and the manifests."""
