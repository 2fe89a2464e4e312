"""The emulator's pages: what the company holds, what was requested, and recordings to listen to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from airflow_provider_gong.emulator.company.records import Call
from airflow_provider_gong.emulator.links import is_signed, signed_recording_url
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.times import iso_time
from airflow_provider_gong.emulator.web.control import emulator_of, requests_logged
from airflow_provider_gong.emulator.web.state import call_state, company_state

_TEMPLATES = Path(__file__).with_name("templates")
_SHOWN_CALLS = 200
_SHOWN_REQUESTS = 100
_SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def page_routes() -> Sequence[BaseRoute]:
    """Return the routes of the pages."""
    return [
        Route("/", _overview, methods=["GET"]),
        Route("/call", _call, methods=["GET"]),
        Route("/meeting", _meeting, methods=["GET"]),
        Route("/_emulator/style.css", _style, methods=["GET"]),
        Route("/_emulator/recordings/{call_id}", _recording, methods=["GET"]),
    ]


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)


def _render(template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    html = _environment().get_template(template).render(values)
    return HTMLResponse(html, status_code=status, headers=_SAFE_HEADERS)


async def _overview(request: Request) -> Response:
    emulator = emulator_of(request)
    state = company_state(emulator)
    names = _names(emulator)
    values = {
        "state": state,
        "calls": [
            {**call, "host": names.get(call["primaryUser"])} for call in state["calls"][: -_SHOWN_CALLS - 1 : -1]
        ],
        "requests": requests_logged(emulator, None)[: -_SHOWN_REQUESTS - 1 : -1],
        "refresh": request.query_params.get("refresh") == "on",
    }
    return _render("overview.html", values)


def _names(emulator: Emulator) -> dict[str, str]:
    return {user.id: f"{user.first_name} {user.last_name}" for user in emulator.users}


async def _call(request: Request) -> Response:
    emulator = emulator_of(request)
    call = emulator.calls.get(request.query_params.get("id", ""))
    if call is None:
        return _render("missing.html", {"what": "call"}, status=404)
    kept = emulator.recordings.path(call.id) is not None
    values = {
        "call": call_state(emulator, call),
        "host": _names(emulator).get(call.primary_user_id),
        "posted": _as_posted(call),
        "recording": signed_recording_url(emulator, "/", call.id) if kept else None,
        "arrived": iso_time(call.media.arrived_at) if kept and call.media else None,
    }
    return _render("call.html", values)


def _as_posted(call: Call) -> str:
    posted = dict(call.posted)
    if posted.get("downloadMediaUrl"):
        # The query of a presigned URL is a credential.
        posted["downloadMediaUrl"] = posted["downloadMediaUrl"].partition("?")[0]
    return json.dumps(posted, indent=2, ensure_ascii=False)


async def _meeting(request: Request) -> Response:
    meeting = emulator_of(request).meetings.get(request.query_params.get("id", ""))
    if meeting is None:
        return _render("missing.html", {"what": "meeting"}, status=404)
    details = json.dumps(meeting.details, indent=2, ensure_ascii=False)
    return _render("meeting.html", {"meeting": meeting, "details": details})


async def _style(request: Request) -> Response:
    return FileResponse(_TEMPLATES / "style.css", media_type="text/css", headers=_SAFE_HEADERS)


async def _recording(request: Request) -> Response:
    emulator, call_id = emulator_of(request), request.path_params["call_id"]
    if not is_signed(emulator, call_id, request.query_params):
        return PlainTextResponse("This link is not signed, or it has expired.\n", status_code=403)
    call, path = emulator.calls.get(call_id), emulator.recordings.path(call_id)
    if path is None or call is None or call.media is None:
        return PlainTextResponse("The emulator keeps recordings up to 8 MiB only.\n", status_code=404)
    return FileResponse(path, media_type=call.media.content_type, headers=_SAFE_HEADERS)
