"""The control API under ``/_emulator/``, which needs no key and knows no limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from airflow_provider_gong.emulator.api.users import user_view
from airflow_provider_gong.emulator.callers import AccessKey
from airflow_provider_gong.emulator.clock import require_speed
from airflow_provider_gong.emulator.company.records import SettingChange, User
from airflow_provider_gong.emulator.contract.openapi import openapi_document
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.emulator.operations import OPERATION_NAMES, OPERATIONS, TOKEN_PATHS
from airflow_provider_gong.emulator.request_log import LOGGED_REQUESTS, LogFilter
from airflow_provider_gong.emulator.seeds.company import extend_company
from airflow_provider_gong.emulator.seeds.documents import read_document
from airflow_provider_gong.emulator.times import company_zone, iso_time
from airflow_provider_gong.emulator.web.state import company_state, request_state

if TYPE_CHECKING:
    from airflow_provider_gong.emulator.state import Emulator

Endpoint = Callable[["Emulator", Any], Any]


def control_routes() -> Sequence[BaseRoute]:
    """Return the routes of the control API, and of what else is not Gong's API."""
    return [
        _route("GET", "state", lambda emulator, _: company_state(emulator)),
        Route("/_emulator/requests", _get_requests, methods=["GET"]),
        _route("POST", "clock", _set_clock),
        _route("POST", "reset", lambda emulator, _: emulator.reset()),
        _route("POST", "settings", change_settings),
        _route("GET", "faults", lambda emulator, _: {"faults": [rule.as_json() for rule in emulator.faults]}),
        _route("POST", "faults", _post_faults),
        _route("DELETE", "faults", lambda emulator, _: emulator.faults.clear()),
        Route("/_emulator/faults/{number:int}", _delete_fault, methods=["DELETE"]),
        _route("POST", "users", lambda emulator, body: user_view(change_user(emulator, body))),
        _route("POST", "keys", lambda emulator, body: emulator.keys.add(AccessKey.from_json(body))),
        _route("POST", "oauth", lambda emulator, body: emulator.grants.authorize(str((body or {}).get("scope", "")))),
        _route("POST", "seed", add_to_company),
        Route("/oauth2/authorize", _authorize, methods=["GET"]),
        Route("/openapi.json", _openapi, methods=["GET"]),
    ]


def _route(method: str, name: str, action: Endpoint) -> Route:
    async def endpoint(request: Request) -> Response:
        emulator = emulator_of(request)
        if method != "GET" and not is_from_here(request):
            return _refused(ValueError("requests of other sites' pages change nothing here"), 403)
        try:
            body = await request.json() if await request.body() else None
            found = action(emulator, body)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return _refused(error)
        if found is None and body is None:
            return Response(status_code=204)
        return JSONResponse(found if found is not None else {"time": iso_time(emulator.clock.now())})

    return Route(f"/_emulator/{name}", endpoint, methods=[method])


def emulator_of(request: Request) -> Emulator:
    """Return the emulator that a request is for."""
    emulator: Emulator = request.app.state.emulator
    return emulator


def is_from_here(request: Request) -> bool:
    """Return whether a request comes from the emulator's own page or from no page at all."""
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def _refused(error: Exception, status: int = 400) -> JSONResponse:
    return JSONResponse({"error": f"{error}"}, status_code=status)


def _set_clock(emulator: Emulator, body: Any) -> None:
    if not {"advance_seconds", "speed"} & set(body):
        raise ValueError("advance_seconds or speed is needed")
    speed = float(body.get("speed", emulator.clock.speed))
    require_speed(speed)
    emulator.clock.advance(float(body.get("advance_seconds", 0)))
    emulator.clock.run_at(speed)


def change_settings(emulator: Emulator, changes: Any) -> None:
    """Change settings.

    :raises ValueError: for an unknown setting or a wrong value.
    """
    if not isinstance(changes, dict):
        raise TypeError("settings are a JSON object")
    emulator.settings = emulator.settings.changed(changes)


def add_faults(emulator: Emulator, rules: Sequence[Fault]) -> None:
    """Put fault rules in force.

    :raises ValueError: for an operation that the emulator does not serve.
    """
    for rule in rules:
        if rule.operation is not None and rule.operation not in OPERATION_NAMES:
            served = ", ".join(sorted(OPERATION_NAMES))
            raise ValueError(f"fault rule: operation {rule.operation} is none of {served}")
    emulator.faults.add(list(rules))


def _post_faults(emulator: Emulator, body: Any) -> None:
    if not isinstance(body, list):
        raise TypeError("faults are a list of rules")
    add_faults(emulator, [Fault.from_json(rule) for rule in body])


async def _delete_fault(request: Request) -> Response:
    try:
        emulator_of(request).faults.remove(request.path_params["number"])
    except KeyError as error:
        return _refused(ValueError(f"there is no fault {error}"), 404)
    return Response(status_code=204)


# What can be changed of a user: Gong's name for it, and its kind.
_CHANGEABLE: dict[str, tuple[str, type]] = {
    "firstName": ("first_name", str),
    "lastName": ("last_name", str),
    "emailAddress": ("email_address", str),
    "title": ("title", str),
    "phoneNumber": ("phone_number", str),
    "active": ("active", bool),
    "telephonyCallsImported": ("telephony_calls_imported", bool),
    "providerConnected": ("provider_connected", bool),
    "emailAliases": ("email_aliases", list),
    "conferencingProviders": ("providers", list),
}


def change_user(emulator: Emulator, body: Any) -> User:
    """Change a user, who is named by ``id`` or ``emailAddress``.

    :raises ValueError: when there is no such user, or a field cannot be changed.
    """
    user = emulator.users.get(body.get("id")) or emulator.users.by_email(body.get("emailAddress"))
    if user is None:
        raise ValueError(f"nobody has the id or address of {body}; POST /_emulator/seed adds users")
    changes: dict[str, Any] = {}
    for name, value in body.items():
        if name == "id":
            continue
        if name not in _CHANGEABLE or not isinstance(value, _CHANGEABLE[name][1]):
            raise ValueError(f"{name}: {value!r} cannot be set; can be set: {', '.join(_CHANGEABLE)}")
        changes[_CHANGEABLE[name][0]] = tuple(value) if isinstance(value, list) else value
    changed = replace(user, **changes, history=(*user.history, *_changes(emulator, user, changes)))
    emulator.users.put(changed)
    return changed


def _changes(emulator: Emulator, user: User, changes: dict[str, Any]) -> list[SettingChange]:
    names = {"active": "active", "telephony_calls_imported": "callsImported"}
    now = _now(emulator)
    return [
        SettingChange(names[field], value, now)
        for field, value in changes.items()
        if field in names and value != getattr(user, field)
    ]


def _now(emulator: Emulator) -> datetime:
    return datetime.fromtimestamp(emulator.clock.now(), company_zone(emulator))


def add_to_company(emulator: Emulator, body: Any) -> dict[str, int]:
    """Add users and calls to the company, as described or generated.

    :raises ValueError: when the description is wrong or something is there already.
    """
    document = read_document(body)
    if document.workspaces:
        raise ValueError("workspaces can only be described at the start")
    extend_company(emulator, document, emulator.workspaces)
    return {"users": len(emulator.users), "calls": len(emulator.calls)}


async def _get_requests(request: Request) -> Response:
    query = dict(request.query_params)
    bodies = query.pop("bodies", "false") == "true"
    try:
        limit = int(query.pop("limit", "100"))
        wanted = log_filter(query)
    except ValueError as error:
        return _refused(error)
    if limit < 1:
        return _refused(ValueError(f"limit must be an integer from 1, not {limit}"))
    lines = emulator_of(request).requests.latest(limit, wanted)
    return JSONResponse({"requests": [request_state(line, bodies=bodies) for line in lines]})


def log_filter(query: Mapping[str, str]) -> LogFilter:
    """Return the filter that the parameters of a query describe; empty ones do not matter.

    :raises ValueError: for an unknown parameter or a status that is no number.
    """
    given = {name: value for name, value in query.items() if value}
    unknown = sorted(set(given) - LogFilter.NAMES)
    if unknown:
        raise ValueError(f"unknown parameter {', '.join(unknown)}; known: {', '.join(sorted(LogFilter.NAMES))}")
    status = int(given.pop("status")) if "status" in given else None
    return LogFilter(**given, status=status)


def requests_logged(emulator: Emulator, operation: str | None) -> list[dict[str, Any]]:
    """Return the logged requests, oldest first, of one operation where it is named."""
    lines = emulator.requests.latest(LOGGED_REQUESTS, LogFilter(operation=operation))
    return [request_state(line, bodies=False) for line in lines]


async def _authorize(request: Request) -> Response:
    """Give a code to whoever asks, as a technical administrator who agrees would."""
    emulator, query = emulator_of(request), request.query_params
    target = query.get("redirect_uri", "")
    if query.get("client_id") != emulator.settings.client_id or query.get("response_type") != "code":
        return _refused(ValueError("client_id is not known, or response_type is not code"))
    if not target.lower().startswith(("http://", "https://")):
        return _refused(ValueError("redirect_uri must be an http or https address"))
    code = emulator.grants.new_code(target, query.get("scope", ""))
    separator = "&" if "?" in target else "?"
    answer = {"code": code, **({"state": query["state"]} if "state" in query else {})}
    return RedirectResponse(f"{target}{separator}{urlencode(answer)}", status_code=302)


async def _openapi(request: Request) -> Response:
    (token_path,) = TOKEN_PATHS
    url = str(request.base_url).rstrip("/")
    return JSONResponse(openapi_document(OPERATIONS, token_path, url))
