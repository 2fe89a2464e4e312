"""The data of an emulated company, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from airflow_provider_gong.emulator.access.request_log import LOGGED_REQUESTS, LogFilter, LoggedRequest
from airflow_provider_gong.emulator.api.people.users import user_view
from airflow_provider_gong.emulator.company.records import Call, Meeting
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.web.masking import masked_body, masked_query
from airflow_provider_gong.emulator.world.settings import SECRETS
from airflow_provider_gong.emulator.world.times import iso_time


def company_state(emulator: Emulator) -> dict[str, Any]:
    """Return all data of the emulated company."""
    emulator.tick()
    now = emulator.clock.now()
    return {
        "time": iso_time(now),
        "speed": emulator.clock.speed,
        "settings": {name: value for name, value in asdict(emulator.settings).items() if name not in SECRETS},
        "requests": {
            "accepted": emulator.accepted.total(),
            "refused": emulator.refused,
            "by_operation": dict(emulator.accepted),
            "day_count": emulator.limits.used_today(now, emulator.settings),
            "day_limit": emulator.settings.requests_per_day,
        },
        "tokens": emulator.grants.counts,
        "faults": [rule.as_json() for rule in emulator.faults],
        "calls": [call_state(emulator, call) for call in emulator.calls],
        "meetings": [meeting_state(meeting) for meeting in emulator.meetings.values()],
        "users": [user_view(user) for user in emulator.users],
    }


def call_state(emulator: Emulator, call: Call) -> dict[str, Any]:
    """Return a call."""
    posted, media = call.posted, call.media
    return {
        "id": call.id,
        "clientUniqueId": call.client_unique_id,
        "title": posted.get("title"),
        "primaryUser": call.primary_user_id,
        "started": datetime.fromisoformat(posted["actualStart"]).isoformat(),
        "isPrivate": call.private,
        "workspaceId": call.workspace_id,
        "state": emulator.calls.state(call, emulator.clock.now()).value,
        "received": call.received,
        "media": None
        if media is None
        else {
            "sha256": media.sha256,
            "bytes": media.size,
            "duration": media.duration,
            "received": call.received,
            "discardedBecause": media.discarded_because,
        },
    }


def meeting_state(meeting: Meeting) -> dict[str, Any]:
    """Return a meeting."""
    return {
        **meeting.details,
        "id": meeting.id,
        "organizerId": meeting.organizer.id,
        "provider": meeting.provider,
        "meetingUrl": meeting.url,
        "deleted": meeting.deleted,
        "updates": meeting.updates,
    }


def request_state(line: LoggedRequest, *, bodies: bool) -> dict[str, Any]:
    """Return a line of the request log, with secrets masked."""
    shown: dict[str, Any] = {
        "number": line.number,
        "time": iso_time(line.time),
        "ended": None if line.ended is None else iso_time(line.ended),
        "wallTime": iso_time(line.wall_time),
        "wallEnded": None if line.duration is None else iso_time(line.wall_time + line.duration),
        "duration": None if line.duration is None else round(line.duration, 6),
        "method": line.method,
        "path": line.path,
        "query": masked_query(line.query),
        "operation": line.operation,
        "who": line.who,
        "requestId": line.request_id,
        "status": line.status,
        "gongStatus": line.gong_status,
        "errors": list(line.errors),
        "effects": line.effects,
        "faults": list(line.faults),
    }
    if not bodies:
        return shown
    kept = {"requestBody": line.sent, "responseBody": line.answered, "gongBody": line.gong_answered}
    return {**shown, **{name: masked_body(body) for name, body in kept.items()}}


def requests_logged(
    emulator: Emulator, wanted: LogFilter, *, bodies: bool, limit: int = LOGGED_REQUESTS
) -> list[dict[str, Any]]:
    """Return the latest logged requests that match a filter, oldest first."""
    return [request_state(line, bodies=bodies) for line in emulator.requests.latest(limit, wanted)]


def history(emulator: Emulator) -> list[dict[str, Any]]:
    """Return changes of calls so far that no request made, oldest first."""
    emulator.tick()
    return list(emulator.happened)
