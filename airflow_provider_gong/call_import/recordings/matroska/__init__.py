"""Matroska and WebM: their elements, their header, and the times of their sound."""
