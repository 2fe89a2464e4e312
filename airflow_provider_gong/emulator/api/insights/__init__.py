"""What follows from the calls, and what was invented with the company."""
