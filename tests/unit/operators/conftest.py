"""The emulated company of these tests, and a database for many hosts."""

from tests.support.postgres import postgres
from tests.unit.hooks.support import company_server, gong, logged

__all__ = ["company_server", "gong", "logged", "postgres"]
