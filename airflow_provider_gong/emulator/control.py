"""The control API under ``/_emulator/``: state, request log, clock, settings and faults; no key, no limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.emulator.operations import OPERATIONS
from airflow_provider_gong.emulator.records import Call, LoggedRequest, Media, Meeting
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.users import user_view

_SECRETS = frozenset({"access_key", "access_key_secret"})


def control_routes() -> Sequence[BaseRoute]:
    """Return the routes of the control API."""
    return [
        Route("/_emulator/state", _get_state, methods=["GET"]),
        Route("/_emulator/requests", _get_requests, methods=["GET"]),
        Route("/_emulator/clock", _post_clock, methods=["POST"]),
        Route("/_emulator/reset", _post_reset, methods=["POST"]),
        Route("/_emulator/settings", _post_settings, methods=["POST"]),
        Route("/_emulator/faults", _post_faults, methods=["POST"]),
        Route("/_emulator/faults", _delete_faults, methods=["DELETE"]),
    ]


def company_state(emulator: Emulator) -> dict[str, Any]:
    """Return everything the emulated company holds, ready for JSON."""
    now, counters = emulator.clock.now(), emulator.counters
    return {
        "time": iso_time(now),
        "settings": {k: v for k, v in asdict(emulator.settings).items() if k not in _SECRETS},
        "calls": [call_state(emulator, call) for call in emulator.calls.values()],
        "meetings": [_meeting_state(meeting) for meeting in emulator.meetings.values()],
        "users": [user_view(user) for user in emulator.users.values()],
        "requests": {
            "accepted": counters.accepted,
            "refused": counters.refused,
            "by_operation": dict(counters.by_operation),
            "day_count": emulator.limits.used_today(now),
            "day_limit": emulator.settings.requests_per_day,
        },
    }


def call_state(emulator: Emulator, call: Call) -> dict[str, Any]:
    """Return a call, ready for JSON."""
    return {
        "id": call.id,
        "clientUniqueId": call.client_unique_id,
        "title": call.posted.get("title"),
        "primaryUser": call.primary_user_id,
        "started": call.started.isoformat(),
        "workspaceId": call.workspace_id,
        "state": emulator.call_state(call).value,
        "received": call.received,
        "media": None if call.media is None else _media_state(call.media, call.received),
    }


def _media_state(media: Media, received: int) -> dict[str, Any]:
    return {
        "sha256": media.sha256,
        "bytes": media.size,
        "duration": media.duration,
        "received": received,
        "discardedBecause": media.discarded_because,
    }


def _meeting_state(meeting: Meeting) -> dict[str, Any]:
    return {
        **meeting.details,
        "id": meeting.id,
        "organizerId": meeting.organizer.id,
        "provider": meeting.provider,
        "meetingUrl": meeting.url,
        "deleted": meeting.deleted,
        "updates": meeting.updates,
    }


def requests_logged(emulator: Emulator, limit: int, operation: str | None) -> list[dict[str, Any]]:
    """Return the latest logged requests, oldest first, ready for JSON."""
    chosen = [entry for entry in emulator.requests if operation in (None, entry.operation)]
    return [_logged(entry) for entry in chosen[-limit:]]


def _logged(entry: LoggedRequest) -> dict[str, Any]:
    return {
        "time": iso_time(entry.time),
        "method": entry.method,
        "path": entry.path,
        "operation": entry.operation,
        "status": entry.status,
        "requestId": entry.request_id,
        "duration": round(entry.duration, 6),
        "who": entry.who,
    }


def add_faults(emulator: Emulator, rules: Sequence[Fault]) -> None:
    """Put fault rules in force.

    :raises ValueError: for an operation that the emulator does not serve.
    """
    served = {operation.name for operation in OPERATIONS}
    for rule in rules:
        if rule.operation is not None and rule.operation not in served:
            raise ValueError(f"fault rule: operation {rule.operation} is none of {', '.join(sorted(served))}")
    emulator.faults.add(list(rules))


def iso_time(moment: float) -> str:
    """Return a time in ISO-8601, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def emulator_of(request: Request) -> Emulator:
    """Return the emulator that a request is for."""
    emulator: Emulator = request.app.state.emulator
    return emulator


def _refused(error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, status_code=400)


async def _get_state(request: Request) -> Response:
    return JSONResponse(company_state(emulator_of(request)))


async def _get_requests(request: Request) -> Response:
    query = request.query_params
    try:
        limit = int(query.get("limit", "100"))
    except ValueError as error:
        return _refused(error)
    if limit < 1:
        return _refused(ValueError(f"limit must be an integer from 1, not {limit}"))
    return JSONResponse({"requests": requests_logged(emulator_of(request), limit, query.get("operation"))})


async def _apply(request: Request, change: Callable[[Any], None]) -> Response:
    """Apply a change that the request's JSON describes, and answer with the clock."""
    try:
        change(await request.json())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return _refused(error)
    return JSONResponse({"time": iso_time(emulator_of(request).clock.now())})


async def _post_clock(request: Request) -> Response:
    def change(body: Any) -> None:
        emulator_of(request).clock.advance(float(body["advance_seconds"]))

    return await _apply(request, change)


async def _post_reset(request: Request) -> Response:
    emulator_of(request).reset()
    return Response(status_code=204)


async def _post_settings(request: Request) -> Response:
    emulator = emulator_of(request)

    def change(body: Any) -> None:
        emulator.settings = emulator.settings.changed(body)

    return await _apply(request, change)


async def _post_faults(request: Request) -> Response:
    def change(body: Any) -> None:
        if not isinstance(body, list):
            raise TypeError("faults are a list of rules")
        add_faults(emulator_of(request), [Fault.from_json(rule) for rule in body])

    return await _apply(request, change)


async def _delete_faults(request: Request) -> Response:
    emulator_of(request).faults.clear()
    return Response(status_code=204)
