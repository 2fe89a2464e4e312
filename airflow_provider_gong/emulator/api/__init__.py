"""What the operations of the Gong API do."""
