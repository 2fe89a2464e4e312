"""Processes that tests start and often kill. They are forks of a server that has imported what they need."""

from __future__ import annotations

import multiprocessing

# A fork of the tests' own process, in which threads run, might find a lock that nobody will ever release.
FORKS = multiprocessing.get_context("forkserver")
# The server is one for all, and so is this list. What an Airflow lacks is left out.
FORKS.set_forkserver_preload(
    [
        "tests.support.processes",
        "tests.support.task_process",
        "tests.support.upload_process",
        # These are imported on first use, and in each process Airflow would take two seconds.
        "airflow.sdk.execution_time.task_runner",
        "airflow.sdk.io.path",
        "airflow.io.path",
        "airflow_provider_gong.client.transport",
        "psycopg2",
        "sqlalchemy.dialects.postgresql",
        "sqlalchemy.dialects.sqlite",
        "tests.support.frozen",
    ]
)
