"""Notifications about what became of an import, for Airflow's own notifiers."""
