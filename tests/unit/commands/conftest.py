"""The emulated company of these tests."""

from tests.support.postgres import database_url, postgres
from tests.unit.hooks.support import company_server, gong, logged

__all__ = ["company_server", "database_url", "gong", "logged", "postgres"]
