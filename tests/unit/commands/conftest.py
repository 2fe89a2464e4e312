"""The emulated company of these tests."""

from tests.unit.hooks.support import company_server, gong

__all__ = ["company_server", "gong"]
