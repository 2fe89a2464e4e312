"""Times and days as they go over the wire."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from airflow_provider_gong.emulator.world.world import World


def company_zone(world: World) -> ZoneInfo:
    """Return the company's time zone."""
    return ZoneInfo(world.settings.company_time_zone)


def wire_time(world: World, moment: float) -> str:
    """Return a time as Gong writes it: with the offset of the company's zone."""
    return datetime.fromtimestamp(moment, company_zone(world)).isoformat()


def iso_time(moment: float) -> str:
    """Return a time in ISO-8601, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def day_of(world: World, moment: float) -> date:
    """Return the day that a time falls on in the company's zone."""
    return datetime.fromtimestamp(moment, company_zone(world)).date()


def start_of(world: World, day: date) -> float:
    """Return when a day begins in the company's zone."""
    return datetime(day.year, day.month, day.day, tzinfo=company_zone(world)).timestamp()
