"""The nightly import in a real Airflow against an emulated Gong: ``make demo`` and ``make playground``."""
