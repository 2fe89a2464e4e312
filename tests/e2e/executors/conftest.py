"""The servers that an Airflow of several hosts needs."""

from tests.support.postgres import postgres
from tests.support.redis import redis_url

__all__ = ("postgres", "redis_url")
