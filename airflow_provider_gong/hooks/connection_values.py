"""The settings in a connection's extra; a ``ValueError`` names a wrong setting and says what it must be."""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import time
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from airflow_provider_gong.client.auth import is_host_name
from airflow_provider_gong.client.pacing import REQUESTS_PER_SECOND, DailyReset, Day, RollingDay

_FILE_MODE = re.compile(r"^0?[67][0-7][0-7]$")
_LEAST_RATE = 0.0001
# The store keeps no longer ones.
_LONGEST_COMPANY = 255
_CLOCK = re.compile(r"^(\d\d):(\d\d)$")
# 500 of Gong's 10,000 requests, enough for meetings and sensors until the day is over.
_RESERVED_PART = 0.05


def company_name(name: Any) -> str:
    """Return the name of a company, the same for each connection to it, however it was entered; empty for none."""
    text = str(name or "").strip()
    if len(text) > _LONGEST_COMPANY:
        raise ValueError(f"company may have at most {_LONGEST_COMPANY} characters, not {len(text)}.")
    return text


def positive_number(settings: Mapping[str, Any], name: str, default: float) -> float:
    """Return a setting that must be a number greater than 0."""
    value = settings.get(name, default)
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be a number greater than 0, not {value!r}.")
    return number


def request_rate(settings: Mapping[str, Any]) -> float:
    """Return the requests per second; a much smaller number would keep everybody waiting for the next slot."""
    name = "requests_per_second"
    rate = positive_number(settings, name, REQUESTS_PER_SECOND)
    if rate < _LEAST_RATE:
        raise ValueError(f"{name} must be at least {_LEAST_RATE}, not {settings[name]!r}.")
    return rate


def whole_number(settings: Mapping[str, Any], name: str, default: int) -> int:
    """Return a setting that must be a whole number greater than 0."""
    number = positive_number(settings, name, default)
    if not number.is_integer():
        raise ValueError(f"{name} must be a whole number, not {settings[name]!r}.")
    return int(number)


def reserved_requests(settings: Mapping[str, Any], per_day: int) -> int:
    """Return how many of the day's requests bulk work leaves for everything else."""
    name = "reserved_requests"
    if name not in settings:
        return int(per_day * _RESERVED_PART)
    if settings[name] in (0, "0"):
        return 0
    reserved = whole_number(settings, name, 0)
    if reserved >= per_day:
        raise ValueError(f"{name} must be less than requests_per_day ({per_day}), not {reserved}.")
    return reserved


def day_of_quota(quota_reset: Any) -> Day:
    """Return how a day of the quota is counted."""
    if quota_reset is None:
        return RollingDay()
    # Only the plain form: Python would also accept times such as 00:00:00.5 or 00:00+01:00.
    clock, _, zone = str(quota_reset).strip().partition(" ")
    try:
        [(hour, minute)] = _CLOCK.findall(clock)
        return DailyReset(time(int(hour), int(minute)), ZoneInfo(zone.strip()))
    except (LookupError, OSError, ValueError):
        raise ValueError(
            f"quota_reset must be a time of day and an IANA time zone such as 00:00 America/Los_Angeles, not "
            f"{quota_reset!r}."
        ) from None


def file_mode(digits: Any) -> int:
    """Return permissions given in octal."""
    if not _FILE_MODE.match(str(digits)):
        raise ValueError(f"report_mode must be permissions in octal such as 0640, not {digits!r}.")
    return int(str(digits), 8)


def time_zone(name: Any) -> str:
    """Return the IANA name of a time zone."""
    try:
        return ZoneInfo(name).key
    except (LookupError, OSError, TypeError, ValueError):
        raise ValueError(f"timezone must be an IANA time zone such as Europe/Berlin, not {name!r}.") from None


def proxy_url(url: Any) -> str:
    """Return the URL of an HTTP proxy."""
    value = str(url)
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises if it is not a number
        is_url = parts.scheme in ("http", "https") and is_host_name(parts.hostname or "") and value.isprintable()
    except ValueError:
        is_url = False
    if not is_url:
        raise ValueError("proxy must be a URL such as http://proxy.example.com:3128.")
    return value


def ca_bundle(path: Any) -> str:
    """Return the path of a PEM file, if it can be read."""
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError as error:
        raise ValueError(f"ca_bundle {str(path)!r} cannot be read as a PEM file on this host: {error}.") from None
    return str(path)


OPTIONAL: Mapping[str, Callable[[Any], Any]] = {
    "report_mode": file_mode,
    "timezone": time_zone,
    "proxy": proxy_url,
    "ca_bundle": ca_bundle,
}
"""Settings without a default, with the functions that check their values."""
