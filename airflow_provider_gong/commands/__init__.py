"""The console command ``airflow-gong``, for administrators and people on call."""
