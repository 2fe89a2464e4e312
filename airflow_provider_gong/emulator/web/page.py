"""The emulator's pages: the company's data, the requests, and recordings to listen to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from airflow_provider_gong.emulator.access.request_log import LogFilter
from airflow_provider_gong.emulator.api.calls.links import is_signed, signed_recording_url
from airflow_provider_gong.emulator.faults import read_rule
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.web import dashboard
from airflow_provider_gong.emulator.web.actions import add_faults, change_settings, change_user
from airflow_provider_gong.emulator.web.control import emulator_of, log_filter
from airflow_provider_gong.emulator.web.masking import masked_body
from airflow_provider_gong.emulator.web.views import call_state, request_state

_MOST_FIELDS = 20
_TEMPLATES = Path(__file__).with_name("templates")
_SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; media-src 'self'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Faults offered by the page; POST /_emulator/faults accepts others.
PRESETS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "lost": ("Lose the answer of the next request", {"action": "reset", "when": "after", "nth": 1}),
    "refuse": ("Answer the next request with 429", {"action": "status", "status": 429, "retry_after": 5, "nth": 1}),
    "error": ("Answer every third request with 500", {"action": "status", "status": 500, "every": 3}),
    "flaky": ("Answer 20 % of the requests with 503", {"action": "status", "status": 503, "probability": 0.2}),
    "portal": ("Answer the next request with a login page", {"foreign": "login_page", "when": "after", "nth": 1}),
    "slow": ("Delay each request by two seconds", {"action": "delay", "seconds": 2, "every": 1}),
    "cut": ("Cut off the next answer", {"action": "truncate", "when": "after", "nth": 1}),
    "stale": ("Answer with the state of an hour ago", {"action": "stale", "seconds": 3600, "every": 1}),
}


def page_routes() -> Sequence[Route]:
    """Return the routes of the pages."""
    return [
        Route("/", _overview, methods=["GET"]),
        Route("/call", _call, methods=["GET"]),
        Route("/meeting", _meeting, methods=["GET"]),
        Route("/request", _request, methods=["GET"]),
        Route("/favicon.ico", _no_icon, methods=["GET"]),
        Route("/_emulator/page", _act, methods=["POST"]),
        Route("/_emulator/style.css", _style, methods=["GET"]),
        Route("/_emulator/recordings/{call_id}", _recording, methods=["GET"]),
    ]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(utc=dashboard.utc, short_duration=dashboard.short_duration)
    return environment


def _render(template: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    html = _environment().get_template(template).render(values)
    return HTMLResponse(html, status_code=status, headers=_SAFE_HEADERS)


async def _overview(request: Request) -> Response:
    query = dict(request.query_params)
    refresh = query.pop("refresh", "") == "on"
    try:
        wanted = log_filter(query)
    except ValueError:
        wanted = LogFilter()
    values = dashboard.overview(emulator_of(request), wanted)
    return _render("overview.html", {**values, "refresh": refresh, "presets": PRESETS})


async def _act(request: Request) -> Response:
    """Carry out a button's action and show the page again."""
    try:
        form = dict(parse_qsl((await request.body()).decode(), max_num_fields=_MOST_FIELDS))
        anchor = _carry_out(emulator_of(request), form)
    except (ValueError, TypeError, LookupError) as error:
        return _render("missing.html", {"what": f"action: {error}"}, status=400)
    return RedirectResponse(f"/{'?refresh=on' if form.get('refresh') else ''}#{anchor}", status_code=303)


def _carry_out(emulator: Emulator, form: Mapping[str, str]) -> str:
    match form["do"]:
        case "advance":
            emulator.clock.advance(float(form["seconds"]))
        case "speed":
            emulator.clock.run_at(float(form["speed"]))
        case "reset":
            emulator.reset()
        case "fault":
            rule = {**PRESETS[form["preset"]][1], "operation": form.get("operation") or None}
            add_faults(emulator, [read_rule(rule)])
        case "switch":
            emulator.faults.switch(int(form["number"]), enabled=form["enabled"] == "yes")
        case "remove":
            emulator.faults.remove(int(form["number"]))
        case "limits":
            limits = {name: int(form[name]) for name in ("requests_per_second", "requests_per_day")}
            change_settings(emulator, limits)
        case "import":
            change_user(emulator, {"id": form["id"], "telephonyCallsImported": form["imported"] == "yes"})
            return "users"
        case unknown:
            raise ValueError(unknown)
    return "top"


async def _call(request: Request) -> Response:
    emulator = emulator_of(request)
    call = emulator.calls.get(request.query_params.get("id", ""))
    if call is None:
        return _render("missing.html", {"what": "call"}, status=404)
    host, kept = emulator.users.get(call.primary_user_id), emulator.recordings.path(call.id) is not None
    values = {
        "call": call_state(emulator, call),
        "host": host.name if host else None,
        "posted": masked_body(_indented(call.posted).encode()),
        "recording": signed_recording_url(emulator, "/", call.id) if kept else None,
        "arrived": call.media.arrived_at if kept and call.media else None,
    }
    return _render("call.html", values)


def _indented(found: Any) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False)


async def _meeting(request: Request) -> Response:
    meeting = emulator_of(request).meetings.get(request.query_params.get("id", ""))
    if meeting is None:
        return _render("missing.html", {"what": "meeting"}, status=404)
    return _render("meeting.html", {"meeting": meeting, "details": _indented(meeting.details)})


async def _request(request: Request) -> Response:
    line = emulator_of(request).requests.find(request.query_params.get("id", ""))
    if line is None:
        return _render("missing.html", {"what": "request in the log"}, status=404)
    shown = request_state(line, bodies=True)
    bodies = {name: _readable(shown[name]) for name in ("requestBody", "responseBody")}
    return _render("request.html", {"line": {**shown, **bodies}, "at": line.time})


def _readable(text: str | None) -> str | None:
    try:
        return _indented(json.loads(text or ""))
    except ValueError:
        # Only the beginning of a long body is kept.
        return text


async def _style(request: Request) -> Response:
    return FileResponse(_TEMPLATES / "style.css", media_type="text/css", headers=_SAFE_HEADERS)


async def _no_icon(request: Request) -> Response:
    # Browsers request it automatically; it would be logged as a request without credentials.
    return Response(status_code=204)


async def _recording(request: Request) -> Response:
    emulator, call_id = emulator_of(request), request.path_params["call_id"]
    if not is_signed(emulator, call_id, request.query_params):
        return PlainTextResponse("This link is not signed, or it has expired.\n", status_code=403)
    call, path = emulator.calls.get(call_id), emulator.recordings.path(call_id)
    if path is None or call is None or call.media is None:
        return PlainTextResponse("The emulator keeps only recordings of up to 8 MiB.\n", status_code=404)
    return FileResponse(path, media_type=call.media.content_type, headers=_SAFE_HEADERS)
