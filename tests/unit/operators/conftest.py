"""The emulated company of these tests, a database for many hosts, and Airflow's task state store."""

from tests.support.postgres import postgres
from tests.support.task_state import task_state
from tests.unit.hooks.support import company_server, gong, logged

__all__ = ["company_server", "gong", "logged", "postgres", "task_state"]
