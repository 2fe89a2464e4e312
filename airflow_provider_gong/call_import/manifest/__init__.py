"""Reads the files of a manifest into rows of cells."""
