"""Answers from systems between a client and Gong: gateways, firewalls, proxies, login pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.emulator.faults.rules import Fault

_LOGIN = "https://login.example.com/sso?back=gong"


def _page(title: str) -> str:
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"


# Fields of a rule with the action ``answer``, by name.
FOREIGN_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "login_page": {"status": 200, "body": _page("Sign in")},
    "empty": {"status": 200, "body": ""},
    "login_redirect": {"status": 302, "body": "", "headers": {"location": _LOGIN}},
    "blocked_text": {"status": 400, "body": "Your request was blocked. Support id: 1742.\n"},
    "unauthorized_page": {
        "status": 401,
        "body": _page("401 Authorization Required"),
        "headers": {"www-authenticate": "Negotiate"},
    },
    "forbidden_page": {"status": 403, "body": _page("403 Forbidden")},
    "not_found_page": {"status": 404, "body": _page("404 Not Found")},
    "proxy_authentication": {
        "status": 407,
        "body": _page("407 Proxy Authentication Required"),
        "headers": {"proxy-authenticate": 'Basic realm="proxy"'},
    },
    "request_timeout": {"status": 408, "body": _page("408 Request Time-out")},
    "too_large": {"status": 413, "body": _page("413 Request Entity Too Large")},
    "too_early": {"status": 425, "body": ""},
    "too_many_requests": {"status": 429, "body": _page("429 Too Many Requests"), "retry_after": 30},
    "client_closed": {"status": 499, "body": ""},
    "bad_gateway": {"status": 502, "body": _page("502 Bad Gateway")},
    "unavailable": {"status": 503, "body": _page("503 Service Unavailable"), "retry_after": 30},
    "gateway_timeout": {"status": 504, "body": _page("504 Gateway Time-out")},
}


def foreign_answer(name: str, /, **rule: Any) -> Fault:
    """
    Return a rule that answers in Gong's place.

    :param name: a name of :data:`FOREIGN_ANSWERS`
    :param rule: further fields of the rule, e.g. ``operation``, ``nth`` and ``when``
    :raises ValueError: when the name is not known, or a field is unknown, missing or wrong
    """
    if name not in FOREIGN_ANSWERS:
        raise ValueError(f"fault rule: foreign must be one of {', '.join(FOREIGN_ANSWERS)}")
    return Fault.from_json({"action": "answer", **FOREIGN_ANSWERS[name], **rule})


def read_rule(rule: Any) -> Fault:
    """
    Return the rule that a JSON object describes; ``foreign`` in it names one of :data:`FOREIGN_ANSWERS`.

    :raises ValueError: when a field is unknown, missing or wrong
    """
    if not isinstance(rule, Mapping) or "foreign" not in rule:
        return Fault.from_json(rule)
    return foreign_answer(rule["foreign"], **{name: value for name, value in rule.items() if name != "foreign"})
