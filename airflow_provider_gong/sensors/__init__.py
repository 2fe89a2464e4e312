"""Sensors that wait for Gong."""
