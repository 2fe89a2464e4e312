"""Who may send requests, how many, and which were sent."""
