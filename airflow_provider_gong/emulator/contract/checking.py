"""Checks requests the way Gong does: by shape first, then field by field."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from starlette.datastructures import QueryParams

from airflow_provider_gong.emulator.contract.notation import Field, converted
from airflow_provider_gong.emulator.world.answers import BAD_REQUEST, JSON_PARSE_ERROR, GongApiError
from airflow_provider_gong.emulator.world.ids import MAX_INT64

_EMAIL = re.compile(r"[^@\s<>(),;:\"]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+([A-Za-z]{2,63})")
# .example was refused on live tenants while example.com passed; the others are reserved by the same RFC 2606.
_NO_TOP_LEVEL_DOMAINS = frozenset({"example", "invalid", "localhost", "test"})
_LONG = re.compile(r"-?[0-9]{1,19}")


def parse_body(raw: bytes, expected: Field, *, strict: bool) -> Any:
    """
    Return the JSON of a request body.

    :param strict: whether only what the reference knows is taken; Gong ignores other fields and takes other types
    :raises GongApiError: 400 when it is no JSON, has a wrong shape, or a field is missing or out of bounds
    """
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
        if b"\\u" in raw or b"e" in raw or b"E" in raw:
            # Refuses what could not be sent back: numbers that are not finite, halves of surrogate pairs.
            json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise GongApiError(400, JSON_PARSE_ERROR) from error
    if body is None:
        raise GongApiError(400, JSON_PARSE_ERROR)
    if not strict:
        body = converted(body, expected, _as_declared)
    errors = field_errors(body, expected, strict=strict)
    if errors:
        raise GongApiError(400, *errors)
    return body


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _as_declared(value: Any, expected: Field) -> Any:
    """
    Return a value with the type of the reference in place of others that live tenants take.

    Airbyte's connector sends ids as numbers, and times where the reference has days; so do Singer taps.
    """
    if expected.kind == "string" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if expected.kind == "date" and isinstance(value, str) and parse_datetime(value) is not None:
        return value[:10]
    return value


def field_errors(value: Any, expected: Field, path: str = "", *, strict: bool = False) -> list[str]:
    """
    Return what is wrong with single fields of JSON.

    :param path: where the value is
    :param strict: whether fields that the reference does not know are wrong
    :raises GongApiError: 400 when a type or an enum is wrong, so that Gong could not read it at all
    """
    if value is None:
        if expected.needed:
            raise GongApiError(400, JSON_PARSE_ERROR)
        return [f"{path}: must not be null"] if expected.required else []
    if not _has_shape(value, expected):
        raise GongApiError(400, JSON_PARSE_ERROR)
    errors = _check_bounds(value, expected, path)
    for place, item, inner in _inside(value, expected, path):
        errors += field_errors(item, inner, place, strict=strict)
    if strict and expected.fields is not None:
        errors += [f"{_place(path, name)}: unknown field" for name in value if name not in expected.fields]
    return errors


def _inside(value: Any, expected: Field, path: str) -> Iterator[tuple[str, Any, Field]]:
    for name, field in (expected.fields or {}).items():
        yield _place(path, name), value.get(name), field
    if expected.items is not None and isinstance(value, dict):
        yield from ((_place(path, name), item, expected.items) for name, item in value.items())
    elif expected.items is not None:
        yield from ((f"{path}[{index}]", item, expected.items) for index, item in enumerate(value))


def _place(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _has_shape(value: Any, expected: Field) -> bool:
    match expected.kind:
        case "string":
            return isinstance(value, str) and (not expected.choices or value in expected.choices)
        case "datetime":
            return isinstance(value, str) and parse_datetime(value) is not None
        case "date":
            return isinstance(value, str) and parse_date(value) is not None
        case "integer" | "long":
            return isinstance(value, int) and not isinstance(value, bool) and -MAX_INT64 <= value <= MAX_INT64
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "boolean":
            return isinstance(value, bool)
        case "object" | "map":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case _:
            return True


def _check_bounds(value: Any, expected: Field, path: str) -> list[str]:
    lowest, highest = expected.lowest, expected.highest
    if lowest is None and highest is None:
        return []
    is_number = isinstance(value, int | float)
    amount = value if is_number else len(value)
    if lowest is not None and amount < lowest:
        wanted = f"must be greater than or equal to {lowest}" if is_number else "must not be empty"
    elif highest is not None and amount > highest:
        wanted = f"must be less than or equal to {highest}"
    else:
        return []
    if highest is not None and not is_number:
        wanted = f"size must be between {lowest or 0} and {highest}"
    return [f"{path}: {wanted}"]


def parse_query(query: QueryParams, expected: Mapping[str, Field], *, strict: bool) -> dict[str, Any]:
    """
    Return the parameters of a query that are expected and there.

    :param strict: whether the reference is followed to the letter; Gong ignores parameters that it does not know
    :raises GongApiError: 400 when one is missing or has a wrong form
    """
    errors = [f"{name}: unknown parameter" for name in query if name not in expected] if strict else []
    found = {}
    for name, field in expected.items():
        if field.kind == "array":
            found[name] = [part for text in query.getlist(name) for part in text.split(",")]
        elif name in query:
            found[name] = _query_value(query[name], field)
        if (field.required or (strict and field.declared)) and not found.get(name):
            errors.append(f"{name}: must not be null")
    if errors:
        raise GongApiError(400, *errors)
    return found


def _query_value(text: str, expected: Field) -> Any:
    value: Any = text
    match expected.kind:
        case "boolean":
            value = {"true": True, "false": False}.get(text.lower())
        case "datetime":
            value = parse_datetime(text)
        case "long":
            # An id stays a string of digits.
            value = text if _LONG.fullmatch(text) and abs(int(text)) <= MAX_INT64 else None
        case _ if expected.choices:
            value = text if text in expected.choices else None
    if value is None:
        raise GongApiError(400, BAD_REQUEST)
    return value


def parse_datetime(text: str) -> datetime | None:
    """Return the time that ISO-8601 text with ``Z`` or an offset names, otherwise ``None``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # Near year 1 and 9999 a time has no counterpart in other zones.
    return moment if moment.tzinfo is not None and "T" in text and 1 < moment.year < 9999 else None


def parse_date(text: str) -> date | None:
    """Return the day that ``YYYY-MM-DD`` names, otherwise ``None``."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if len(text) == 10 and 1 < day.year < 9999 else None


def require_email(email: str) -> None:
    """
    Refuse what is no e-mail address.

    :raises GongApiError: 400
    """
    match = _EMAIL.fullmatch(email)
    if match is None or match[1].lower() in _NO_TOP_LEVEL_DOMAINS:
        raise GongApiError(400, f"{email} is not a valid email address")


def read_window(
    given: Mapping[str, Any], name: str, end_name: str, place: str = ""
) -> tuple[float | None, float | None]:
    """
    Return the start and the end of a window that a query or a filter describes, ``None`` where it is open.

    :param place: where the fields are, for errors
    :raises GongApiError: 400 when they are no times, or the start is not before the end
    """
    start, end = _seconds(given.get(name)), _seconds(given.get(end_name))
    require_window(start, end, f"{place}{name}", end_name)
    return start, end


def _seconds(given: str | datetime | None) -> float | None:
    moment = parse_datetime(given) if isinstance(given, str) and given else given
    if given and not isinstance(moment, datetime):
        raise GongApiError(400, BAD_REQUEST)
    return moment.timestamp() if isinstance(moment, datetime) else None


def require_window(start: Any, end: Any, name: str, end_name: str) -> None:
    """
    Refuse a window whose start is not before its end.

    :raises GongApiError: 400
    """
    if start is not None and end is not None and start >= end:
        raise GongApiError(400, f"{name}: must be before {end_name}")
