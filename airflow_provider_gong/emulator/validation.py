"""Checks request bodies the way Gong does: by shape first, then field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from airflow_provider_gong.emulator.errors import JSON_PARSE_ERROR, GongApiError

Kind = Literal["string", "datetime", "integer", "number", "boolean", "object", "array", "any"]

_EMAIL = re.compile(r"[^@\s<>(),;:\"]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+([A-Za-z]{2,63})")
# .example was refused on live tenants while example.com passed; the others are reserved by the same RFC 2606.
_NO_TOP_LEVEL_DOMAINS = frozenset({"example", "invalid", "localhost", "test"})


@dataclass(frozen=True, kw_only=True)
class Field:
    """What is expected of one JSON value.

    :param kind: its type; ``datetime`` is ISO-8601 with ``Z`` or an offset.
    :param required: whether ``null`` or nothing is refused field by field.
    :param needed: whether ``null`` or nothing makes the whole body unreadable, as with ``filter``.
    :param fields: the fields of an object; others are ignored, as Gong does.
    :param items: what is expected of each item of an array.
    :param choices: the values of an enum.
    :param longest: the most characters of a string or items of an array.
    :param minimum: the smallest number, or the fewest items of an array.
    :param maximum: the largest number.
    """

    kind: Kind = "string"
    required: bool = False
    needed: bool = False
    fields: Mapping[str, Field] | None = None
    items: Field | None = None
    choices: tuple[str, ...] = ()
    longest: int | None = None
    minimum: int | None = None
    maximum: int | None = None


def parse_body(raw: bytes, expected: Mapping[str, Field]) -> dict[str, Any]:
    """Return the JSON object of a request body.

    :raises GongApiError: 400 when it is no JSON, has a wrong shape, or a field is missing or out of bounds.
    """
    try:
        body = json.loads(raw)
        # Refuses what could not be sent back: numbers that are not finite, halves of surrogate pairs.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise GongApiError(400, JSON_PARSE_ERROR) from error
    errors = list(_check(body, Field(kind="object", needed=True, fields=expected), ""))
    if errors:
        raise GongApiError(400, *errors)
    return dict(body)


def _check(value: Any, expected: Field, path: str) -> list[str]:
    if value is None:
        if expected.needed:
            raise GongApiError(400, JSON_PARSE_ERROR)
        return [f"{path}: must not be null"] if expected.required else []
    if not _has_shape(value, expected):
        raise GongApiError(400, JSON_PARSE_ERROR)
    return _check_bounds(value, expected, path) + _check_inside(value, expected, path)


def _has_shape(value: Any, expected: Field) -> bool:
    match expected.kind:
        case "string":
            return isinstance(value, str) and (not expected.choices or value in expected.choices)
        case "datetime":
            return isinstance(value, str) and parse_datetime(value) is not None
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "any":
            return True


def _check_bounds(value: Any, expected: Field, path: str) -> list[str]:
    errors = []
    if expected.longest is not None and len(value) > expected.longest:
        errors.append(f"{path}: size must be between 0 and {expected.longest}")
    if expected.minimum is not None and isinstance(value, list) and len(value) < expected.minimum:
        errors.append(f"{path}: must not be empty")
    if isinstance(value, int | float):
        if expected.minimum is not None and value < expected.minimum:
            errors.append(f"{path}: must be greater than or equal to {expected.minimum}")
        if expected.maximum is not None and value > expected.maximum:
            errors.append(f"{path}: must be less than or equal to {expected.maximum}")
    return errors


def _check_inside(value: Any, expected: Field, path: str) -> list[str]:
    errors = []
    for name, field in (expected.fields or {}).items():
        errors += _check(value.get(name), field, f"{path}.{name}" if path else name)
    if expected.items is not None:
        for index, item in enumerate(value):
            errors += _check(item, expected.items, f"{path}[{index}]")
    return errors


def parse_datetime(text: str) -> datetime | None:
    """Return the time that ISO-8601 text with ``Z`` or an offset names, otherwise ``None``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and "T" in text else None


def parse_query_datetime(name: str, text: str | None) -> datetime:
    """Return the time of a required query parameter.

    :raises GongApiError: 400 when it is missing or no time.
    """
    if text is None:
        raise GongApiError(400, f"{name}: must not be null")
    moment = parse_datetime(text)
    if moment is None:
        raise GongApiError(400, "Bad request")
    return moment


def require_email(email: str) -> None:
    """Refuse what is no e-mail address.

    :raises GongApiError: 400.
    """
    match = _EMAIL.fullmatch(email)
    if match is None or match[1].lower() in _NO_TOP_LEVEL_DOMAINS:
        raise GongApiError(400, f"{email} is not a valid email address")


def require_window(start: datetime | None, end: datetime | None, name: str, end_name: str) -> None:
    """Refuse a window whose start is not before its end.

    :raises GongApiError: 400.
    """
    if start is not None and end is not None and start >= end:
        raise GongApiError(400, f"{name}: must be before {end_name}")
