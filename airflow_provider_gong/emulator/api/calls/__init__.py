"""Calls: posted, uploaded, read, and what is said in them."""
