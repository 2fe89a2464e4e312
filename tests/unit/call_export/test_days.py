"""A day is exported as a whole, and is what Gong shows."""
