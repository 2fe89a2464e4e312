"""Users and workspaces, their permissions, and data privacy."""
