"""Ids as Gong mints them: decimal strings of 18 to 19 digits, request ids of 18 to 19 base36 characters."""

from __future__ import annotations

import hashlib
import re

from airflow_provider_gong.emulator.world.answers import BAD_REQUEST, GongApiError

MAX_INT64 = 2**63 - 1
_LOWEST_ID = 10**17
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_LOWEST_REQUEST_ID = 36**17
_DIGITS = re.compile(r"[0-9]{1,20}")


def _number(seed: int, kind: str, key: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{kind}/{key}".encode()).digest())


def mint_id(seed: int, kind: str, key: str) -> str:
    """Return the id of the thing that ``kind`` and ``key`` name; always above 2**53, always within int64."""
    return str(_LOWEST_ID + _number(seed, kind, key) % (MAX_INT64 - _LOWEST_ID))


def mint_request_id(seed: int, number: int) -> str:
    """Return the request id of the n-th request."""
    rest = _LOWEST_REQUEST_ID + _number(seed, "request", str(number)) % (36**19 - _LOWEST_REQUEST_ID)
    characters = []
    while rest:
        rest, digit = divmod(rest, 36)
        characters.append(_BASE36[digit])
    return "".join(reversed(characters))


def require_id(value: str) -> str:
    """
    Return an id of a path or filter.

    :raises GongApiError: 400 ``Bad request`` when it is no number or above int64 (observed on live tenants)
    """
    if not _DIGITS.fullmatch(value) or int(value) > MAX_INT64:
        raise GongApiError(400, BAD_REQUEST)
    return value


def mint_token(seed: int, kind: str, number: int) -> str:
    """Return the n-th code or token of a kind."""
    return hashlib.sha256(f"{seed}/{kind} token/{number}".encode()).hexdigest()
