"""
The Gong API without Airflow, usable from any Python program.

``GongClient`` and ``AsyncGongClient`` send the requests that :mod:`airflow_provider_gong.client.api` builds.
"""
