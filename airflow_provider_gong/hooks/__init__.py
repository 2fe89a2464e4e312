"""From an Airflow connection to Gong's API."""
