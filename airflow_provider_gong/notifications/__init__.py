"""Notifications about the outcome of an import, for Airflow's own notifiers."""
