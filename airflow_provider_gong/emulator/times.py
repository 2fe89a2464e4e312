"""Times and days as they go over the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from airflow_provider_gong.emulator.state import Emulator


def company_zone(emulator: Emulator) -> ZoneInfo:
    """Return the company's time zone."""
    return ZoneInfo(emulator.settings.company_time_zone)


def wire_time(emulator: Emulator, moment: float) -> str:
    """Return a time as Gong writes it: with the offset of the company's zone."""
    return datetime.fromtimestamp(moment, company_zone(emulator)).isoformat()


def iso_time(moment: float) -> str:
    """Return a time in ISO-8601, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def day_of(emulator: Emulator, moment: float) -> date:
    """Return the day that a time falls on in the company's zone."""
    return datetime.fromtimestamp(moment, company_zone(emulator)).date()


def start_of(emulator: Emulator, day: date) -> float:
    """Return when a day begins in the company's zone."""
    return datetime(day.year, day.month, day.day, tzinfo=company_zone(emulator)).timestamp()
