"""Gong's API reference: operations, schemas of requests and answers, and checks of requests."""
