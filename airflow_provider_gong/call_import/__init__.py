"""Bulk import of calls: manifest, plan, upload, verification and report, as plain Python without Airflow."""
