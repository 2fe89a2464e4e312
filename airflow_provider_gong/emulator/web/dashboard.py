"""The figures of the start page: the requests of the last minute, formatted times, filters and settings."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice, takewhile
from typing import Any

from airflow_provider_gong.emulator.access.request_log import LogFilter
from airflow_provider_gong.emulator.contract.operations import OPERATION_NAMES
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.web.views import call_state, meeting_state, request_state
from airflow_provider_gong.emulator.world.settings import FIXED, EmulatorSettings

# Calls, users and requests.
_SHOWN = 50
_MINUTE = 60
_BAR_WIDTH = 5
_PICTURE_HEIGHT = 60


def overview(emulator: Emulator, wanted: LogFilter) -> dict[str, Any]:
    """
    Return what the start page shows.

    :param wanted: filter for the listed requests
    """
    emulator.tick()
    names = {user.id: user.name for user in emulator.users}
    return {
        "now": emulator.clock.now(),
        "speed": emulator.clock.speed,
        "budget": _budget(emulator),
        "tokens": emulator.grants.counts,
        "faults": list(emulator.faults),
        "operations": sorted(OPERATION_NAMES),
        "changed_settings": _changed_settings(emulator.settings),
        "call_states": emulator.calls.state_counts(),
        "call_count": len(emulator.calls),
        "calls": [
            {**call_state(emulator, call), "host": names.get(call.primary_user_id)}
            for call in emulator.calls.latest(_SHOWN)
        ],
        "meetings": [meeting_state(meeting) for meeting in reversed(emulator.meetings.values())],
        "user_count": len(emulator.users),
        "users": list(islice(emulator.users, _SHOWN)),
        "wanted": wanted,
        "requests": [
            {**request_state(line, bodies=False), "at": line.time, "refused": line.refused}
            for line in reversed(emulator.requests.latest(_SHOWN, wanted))
        ],
    }


def _budget(emulator: Emulator) -> dict[str, Any]:
    settings, now = emulator.settings, emulator.clock.now()
    used, limit = emulator.limits.used_today(now, settings), settings.requests_per_day
    bars, highest = _bars(emulator, now)
    per_second = settings.requests_per_second
    return {
        "used": used,
        "limit": limit,
        "share": min(100.0, 100 * used / limit) if limit else 0.0,
        "accepted": emulator.accepted.total(),
        "refused": emulator.refused,
        "per_second": per_second,
        "bars": bars,
        "highest": highest,
        "line": _PICTURE_HEIGHT * (1 - per_second / highest) if 0 < per_second <= highest else None,
        "width": _MINUTE * _BAR_WIDTH,
        "height": _PICTURE_HEIGHT,
        "bar_width": _BAR_WIDTH - 1,
    }


def _bars(emulator: Emulator, now: float) -> tuple[list[dict[str, float]], int]:
    """Return the seconds of the last minute as rectangles of a picture, and the requests of the highest."""
    accepted, refused = Counter[int](), Counter[int]()
    for line in takewhile(lambda line: line.time > now - _MINUTE, reversed(emulator.requests)):
        (refused if line.refused else accepted)[_MINUTE - 1 - int(now - line.time)] += 1
    highest = max([*(accepted + refused).values(), emulator.settings.requests_per_second, 1])
    scale = _PICTURE_HEIGHT / highest
    bars = [
        {"x": at * _BAR_WIDTH, "accepted": accepted[at] * scale, "refused": refused[at] * scale}
        for at in sorted({*accepted, *refused})
    ]
    return bars, highest


def _changed_settings(settings: EmulatorSettings) -> dict[str, Any]:
    default = asdict(EmulatorSettings())
    return {name: value for name, value in asdict(settings).items() if name not in FIXED and value != default[name]}


def utc(moment: float | str, form: str = "%d %b %H:%M") -> str:
    """Return a time in UTC; a short one by default."""
    parsed = datetime.fromisoformat(moment) if isinstance(moment, str) else datetime.fromtimestamp(moment, UTC)
    return parsed.astimezone(UTC).strftime(form)


def short_duration(seconds: float) -> str:
    """Return minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
