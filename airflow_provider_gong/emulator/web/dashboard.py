"""The figures of the start page: the requests of the last minute, formatted times, filters and settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_gong.emulator.access.request_log import LogFilter, LoggedRequest
from airflow_provider_gong.emulator.contract.operations import OPERATION_NAMES
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.web.views import call_state, company_summary, meeting_state, request_state
from airflow_provider_gong.emulator.world.settings import FIXED, EmulatorSettings

SHOWN_CALLS = 50
SHOWN_USERS = 50
SHOWN_REQUESTS = 50
_MINUTE = 60
_BAR_WIDTH = 5
_PICTURE_HEIGHT = 60


@dataclass(frozen=True)
class Bar:
    """One second of the last minute, as rectangles of a picture."""

    x: int
    accepted: float
    refused: float

    @property
    def top(self) -> float:
        """The upper edge of the accepted part."""
        return _PICTURE_HEIGHT - self.accepted


def overview(emulator: Emulator, wanted: LogFilter) -> dict[str, Any]:
    """
    Return what the start page shows.

    :param wanted: filter for the listed requests
    """
    emulator.tick()
    names = user_names(emulator)
    summary = company_summary(emulator)
    return {
        "now": emulator.clock.now(),
        "speed": emulator.clock.speed,
        "budget": budget(emulator),
        "tokens": summary["tokens"],
        "faults": list(emulator.faults),
        "operations": sorted(OPERATION_NAMES),
        "changed_settings": _changed_settings(emulator.settings),
        "call_states": emulator.calls.state_counts(),
        "call_count": len(emulator.calls),
        "calls": [{**call, "host": names.get(call["primaryUser"])} for call in _latest_calls(emulator)],
        "meetings": [meeting_state(meeting) for meeting in reversed(emulator.meetings.values())],
        "user_count": len(emulator.users),
        "users": [user for user, _ in zip(emulator.users, range(SHOWN_USERS), strict=False)],
        "wanted": wanted,
        "requests": [
            {**request_state(line, bodies=False), "at": line.time, "refused": line.refused}
            for line in reversed(emulator.requests.latest(SHOWN_REQUESTS, wanted))
        ],
    }


def user_names(emulator: Emulator) -> dict[str, str]:
    """Return the names of all users by id."""
    return {user.id: user.name for user in emulator.users}


def budget(emulator: Emulator) -> dict[str, Any]:
    """Return the usage of the limits, with a chart of the last minute."""
    settings, now = emulator.settings, emulator.clock.now()
    used, limit = emulator.limits.used_today(now, settings), settings.requests_per_day
    bars, highest = _bars(emulator, now)
    per_second = settings.requests_per_second
    return {
        "used": used,
        "limit": limit,
        "share": min(100.0, 100 * used / limit) if limit else 0.0,
        "accepted": emulator.counters.accepted,
        "refused": emulator.counters.refused,
        "per_second": per_second,
        "bars": bars,
        "highest": highest,
        "line": _PICTURE_HEIGHT * (1 - per_second / highest) if 0 < per_second <= highest else None,
        "width": _MINUTE * _BAR_WIDTH,
        "height": _PICTURE_HEIGHT,
        "bar_width": _BAR_WIDTH - 1,
    }


def _bars(emulator: Emulator, now: float) -> tuple[list[Bar], int]:
    accepted, refused = Counter[int](), Counter[int]()
    for line in _last_minute(emulator, now):
        (refused if line.refused else accepted)[_MINUTE - 1 - int(now - line.time)] += 1
    highest = max([*(accepted + refused).values(), emulator.settings.requests_per_second, 1])
    scale = _PICTURE_HEIGHT / highest
    seconds = sorted({*accepted, *refused})
    return [Bar(at * _BAR_WIDTH, accepted[at] * scale, refused[at] * scale) for at in seconds], highest


def _last_minute(emulator: Emulator, now: float) -> Iterator[LoggedRequest]:
    for line in reversed(emulator.requests):
        if line.time <= now - _MINUTE:
            return
        yield line


def _latest_calls(emulator: Emulator) -> list[dict[str, Any]]:
    calls = emulator.calls.latest(SHOWN_CALLS)
    return [call_state(emulator, call) for call in calls]


def _changed_settings(settings: EmulatorSettings) -> dict[str, Any]:
    default = asdict(EmulatorSettings())
    return {name: value for name, value in asdict(settings).items() if name not in FIXED and value != default[name]}


def short_time(moment: float | str | None) -> str:
    """Return a short time in UTC."""
    if moment is None:
        return ""
    parsed = datetime.fromtimestamp(moment, UTC) if isinstance(moment, float | int) else datetime.fromisoformat(moment)
    return parsed.astimezone(UTC).strftime("%d %b %H:%M")


def clock_time(moment: float) -> str:
    """Return a time of the day with seconds, in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S")


def full_time(moment: float) -> str:
    """Return a day and a time, in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%a %d %b %Y, %H:%M:%S")


def short_size(size: int) -> str:
    """Return a number of bytes in a suitable unit."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def short_duration(seconds: float) -> str:
    """Return minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
