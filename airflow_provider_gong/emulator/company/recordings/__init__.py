"""What is found out about a recording, and the small ones that are kept."""
