"""Statistics computed from calls, and generated data of the company."""
