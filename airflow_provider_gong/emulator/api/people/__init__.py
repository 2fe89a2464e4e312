"""Users and workspaces, what they may see, and what is known of a person."""
