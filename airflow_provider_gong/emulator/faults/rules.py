"""
Fault rules: what goes wrong, on which request, before or after the request takes effect.

Some answers come from systems between a client and Gong: gateways, firewalls, proxies, login pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from airflow_provider_gong.emulator.world.described import check, named, number

When = Literal["before", "after"]
Action = Literal["status", "answer", "reset", "delay", "truncate", "garbage", "redirect", "stale"]
# Their answers have no body (RFC 9110).
BODILESS = frozenset({204, 304})


@dataclass(frozen=True, kw_only=True)
class Fault:
    """
    A fault rule.

    :param action: ``status`` responds like Gong, with ``status``, ``retry_after`` and ``text``; ``answer`` responds
        like a system between the client and Gong, with ``status``, ``body``, ``headers`` and ``retry_after``;
        ``reset`` drops the connection without a response; ``delay`` waits for ``seconds`` of real time, then
        continues; ``truncate`` drops the connection in the middle of the response; ``garbage`` responds with 200 and a
        body that is not JSON; ``redirect`` responds with 307 to ``url``; ``stale`` responds with what could be read
        ``seconds`` of emulated time ago
    :param operation: the Gong operation it applies to, e.g. ``addCall``; every operation by default
    :param caller: the access key or OAuth client it applies to; every caller by default
    :param nth: apply only to the n-th request of the operation, counted from when the rule was set
    :param every: apply to every n-th request of the operation
    :param probability: apply to this share of the requests. Exactly one of ``nth``, ``every`` and ``probability`` is
        required
    :param seed: with ``probability``, selects the requests; the same seed selects the same requests again
    :param when: ``before`` or ``after`` the request takes effect; ``after`` with ``reset`` is a lost response
    :param body: for ``answer``; by default, the body of the response that is replaced
    :param headers: for ``answer``; the content type is guessed if it is not given
    :param marks: whether ``answer`` keeps the headers that identify Gong's responses, e.g. ``x-traceid``
    """

    action: Action
    operation: str | None = None
    caller: str | None = None
    nth: int | None = number(None, 1)
    every: int | None = number(None, 1)
    probability: float | None = number(None, highest=1)
    seed: int = 0
    when: When = "before"
    status: int = number(500, 200, 599)
    retry_after: int | None = number(None)
    text: str = "Internal server error occurred"
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    marks: bool = False
    seconds: float = number(0.0)
    url: str = ""

    def __post_init__(self) -> None:
        check(self, "fault rule: ")
        given = [name for name in ("nth", "every", "probability") if getattr(self, name) is not None]
        _require(len(given) == 1, "exactly one of nth, every and probability is needed")
        _require(
            not self.body or self.status not in BODILESS, f"an answer with status {self.status} cannot have a body"
        )
        lines = all(map(_is_line, (*self.headers, *self.headers.values())))
        _require(lines, "headers must be an object whose names and values are lines of ASCII")
        _require(_is_line(self.url), "url must be one line of ASCII")
        _require(self.action != "stale" or self.when == "before", "stale happens before the effect")
        _require(self.action != "redirect" or bool(self.url), "redirect needs a url")

    @classmethod
    def from_json(cls, rule: Any) -> Fault:
        """
        Return the rule that a JSON object describes.

        :raises ValueError: if a field is unknown, missing or wrong
        """
        return cls(**named(cls, rule, "fault rule"))

    def applies_to(self, count: int) -> bool:
        """Return whether the rule applies to the n-th request of its operation."""
        if self.probability is not None:
            digest = hashlib.sha256(f"{self.seed}/{self.operation}/{self.caller}/{count}".encode()).digest()
            return int.from_bytes(digest[:8]) < self.probability * 2**64
        return count == self.nth if self.every is None else count % self.every == 0

    def concerns(self, operation: str, caller: str) -> bool:
        """Return whether the rule is about requests of an operation and a caller."""
        return self.operation in (None, operation) and self.caller in (None, caller)

    def __str__(self) -> str:
        status = f" {self.status}" if self.action == "answer" else ""
        return f"{self.action}{status} {self.when} the effect"


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(f"fault rule: {message}")


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable()


@dataclass
class RuleInForce:
    """
    A rule, with the numbers of requests that it matched and hit.

    :param enabled: whether it is on; a rule that is off counts no requests
    """

    number: int
    rule: Fault
    enabled: bool = True
    seen: int = 0
    hits: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the rule, ready for JSON."""
        counts = {"number": self.number, "enabled": self.enabled, "seen": self.seen, "hits": self.hits}
        return {**counts, **asdict(self.rule)}


class FaultRules:
    """The rules in force, in the order they were set."""

    def __init__(self) -> None:
        self._rules: dict[int, RuleInForce] = {}
        self._last = 0

    def __iter__(self) -> Iterator[RuleInForce]:
        return iter(self._rules.values())

    def add(self, rules: list[Fault]) -> None:
        """Add rules."""
        for rule in rules:
            self._last += 1
            self._rules[self._last] = RuleInForce(self._last, rule)

    def remove(self, number: int) -> None:
        """
        Remove a rule.

        :raises LookupError: when there is none with this number
        """
        if self._rules.pop(number, None) is None:
            raise LookupError(f"there is no fault {number}")

    def switch(self, number: int, *, enabled: bool) -> None:
        """
        Switch one rule on or off.

        :raises LookupError: when there is none with this number
        """
        self._rules[number].enabled = enabled

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def of_request(self, operation: str, caller: str) -> list[Fault]:
        """Count a request and return the rules that apply to it, in the order they were set."""
        found = []
        for active in self._rules.values():
            if not active.enabled or not active.rule.concerns(operation, caller):
                continue
            active.seen += 1
            if active.rule.applies_to(active.seen):
                active.hits += 1
                found.append(active.rule)
        return found


def _page(title: str) -> str:
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"


# Fields of a rule with the action ``answer``, by name.
FOREIGN_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "login_page": {"status": 200, "body": _page("Sign in")},
    "empty": {"status": 200, "body": ""},
    "login_redirect": {"status": 302, "body": "", "headers": {"location": "https://login.example.com/sso?back=gong"}},
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
