"""The control API under ``/_emulator/``, which requires no key and has no limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from airflow_provider_gong.emulator.access.keys import AccessKey
from airflow_provider_gong.emulator.access.request_log import LogFilter
from airflow_provider_gong.emulator.api.people.users import user_view
from airflow_provider_gong.emulator.contract.openapi import openapi_document
from airflow_provider_gong.emulator.contract.operations import OPERATIONS, TOKEN_PATH
from airflow_provider_gong.emulator.faults import read_rule
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.web.actions import (
    add_faults,
    add_to_company,
    change_call,
    change_settings,
    change_user,
    hide,
    set_clock,
)
from airflow_provider_gong.emulator.web.views import company_state, history, requests_logged
from airflow_provider_gong.emulator.world.described import named
from airflow_provider_gong.emulator.world.times import iso_time


def control_routes() -> Sequence[Route]:
    """Return the routes of the control API, and others that are not part of Gong's API."""
    return [
        _route("GET", "state", lambda emulator, _: company_state(emulator)),
        _route("GET", "requests", _requests),
        _route("POST", "clock", set_clock),
        _route("POST", "reset", lambda emulator, _: emulator.reset()),
        _route("POST", "settings", change_settings),
        _route("GET", "faults", lambda emulator, _: {"faults": [rule.as_json() for rule in emulator.faults]}),
        _route("POST", "faults", _post_faults),
        _route("DELETE", "faults", lambda emulator, _: emulator.faults.clear()),
        _route("DELETE", "faults/{number:int}", lambda emulator, given: emulator.faults.remove(given["number"])),
        _route("POST", "users", lambda emulator, body: user_view(change_user(emulator, body))),
        _route("POST", "calls", change_call),
        _route("GET", "history", lambda emulator, _: {"history": history(emulator)}),
        _route("POST", "keys", lambda emulator, body: emulator.keys.add(AccessKey.from_json(body))),
        _route("POST", "visibility", hide),
        _route("DELETE", "visibility", lambda emulator, _: emulator.visibility.clear()),
        _route("POST", "oauth", lambda emulator, body: emulator.grants.authorize(str((body or {}).get("scope", "")))),
        _route("POST", "seed", add_to_company),
        Route("/oauth2/authorize", _authorize, methods=["GET"]),
        Route("/openapi.json", _openapi, methods=["GET"]),
    ]


def _route(method: str, name: str, action: Callable[[Emulator, Any], Any]) -> Route:
    """
    Return a route of the control API.

    :param action: receives the JSON of the body, or the parameters of the path and the query where there is no body
    """

    async def endpoint(request: Request) -> Response:
        emulator = emulator_of(request)
        try:
            body = await request.json() if await request.body() else None
            parameters = {**request.query_params, **request.path_params}
            found = action(emulator, parameters if method in ("GET", "DELETE") else body)
        except LookupError as error:
            return _refused(error, 404)
        except (ValueError, TypeError, AttributeError) as error:
            return _refused(error)
        if found is None and body is None:
            return Response(status_code=204)
        return JSONResponse(found if found is not None else {"time": iso_time(emulator.clock.now())})

    return Route(f"/_emulator/{name}", endpoint, methods=[method])


def emulator_of(request: Request) -> Emulator:
    """Return the emulator that serves a request."""
    emulator: Emulator = request.app.state.emulator
    return emulator


def _refused(error: Exception, status: int = 400) -> JSONResponse:
    return JSONResponse({"error": f"{error}"}, status_code=status)


def _post_faults(emulator: Emulator, body: Any) -> None:
    if not isinstance(body, list):
        raise TypeError("faults must be a list of rules")
    add_faults(emulator, [read_rule(rule) for rule in body])


def _requests(emulator: Emulator, query: dict[str, str]) -> dict[str, Any]:
    bodies = query.pop("bodies", "false") == "true"
    limit = int(query.pop("limit", "100"))
    if limit < 1:
        raise ValueError(f"limit must be an integer from 1, not {limit}")
    return {"requests": requests_logged(emulator, log_filter(query), bodies=bodies, limit=limit)}


def log_filter(query: Mapping[str, str]) -> LogFilter:
    """
    Return the filter that the parameters of a query describe; empty ones do not matter.

    :raises ValueError: for an unknown parameter, or a status or number that is none
    """
    given = named(LogFilter, {name: value for name, value in query.items() if value}, "parameters")
    given.update((name, int(given[name])) for name in ("status", "after") if name in given)
    return LogFilter(**given)


async def _authorize(request: Request) -> Response:
    """Give a code to everyone, like a technical administrator who agrees."""
    emulator, query = emulator_of(request), request.query_params
    target = query.get("redirect_uri", "")
    if query.get("client_id") != emulator.settings.client_id or query.get("response_type") != "code":
        return _refused(ValueError("client_id is unknown, or response_type is not code"))
    if not target.lower().startswith(("http://", "https://")):
        return _refused(ValueError("redirect_uri must be an http or https address"))
    code = emulator.grants.new_code(target, query.get("scope", ""))
    separator = "&" if "?" in target else "?"
    answer = {"code": code, **({"state": query["state"]} if "state" in query else {})}
    return RedirectResponse(f"{target}{separator}{urlencode(answer)}", status_code=302)


async def _openapi(request: Request) -> Response:
    return JSONResponse(openapi_document(OPERATIONS, TOKEN_PATH, str(request.base_url).rstrip("/")))
