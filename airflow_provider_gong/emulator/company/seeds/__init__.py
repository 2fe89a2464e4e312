"""Descriptions of companies, and building a company from its description."""
