"""The emulated company of these tests."""

from tests.support.postgres import postgres
from tests.unit.hooks.support import company_server, gong, logged, other_web_server

__all__ = ["company_server", "gong", "logged", "other_web_server", "postgres"]
