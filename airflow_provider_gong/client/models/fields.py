"""Types of fields, with the rules that Gong applies to them."""

import difflib
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationError, ValidationInfo
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from airflow_provider_gong.client.models.languages import LANGUAGE_CODES

T = TypeVar("T")

BROKEN_RULE: Final = "gong_rule"
_LONGEST_LINK = 2000

_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII)
_EMAIL = re.compile(
    r"[^\s@<>()\[\],;:\"\\.]+(\.[^\s@<>()\[\],;:\"\\.]+)*"
    r"@([^\W_]([\w-]*[^\W_])?\.)+(xn--[a-z0-9-]+|[^\W\d_]{2,})",
    re.IGNORECASE,
)
# Where an emulated Gong can find recordings.
_LOOPBACK = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")
_QUARTER_HOUR = timedelta(minutes=15)
_ISO_EXAMPLE = "such as 2026-03-31T09:30:00+02:00 or 2026-03-31T07:30:00Z"


def rule_error(rule: str, remedy: str) -> PydanticCustomError:
    """Return the error for a broken rule, Gong's or our own; ``rule`` continues the sentence "this field ..."."""
    return PydanticCustomError(BROKEN_RULE, "{rule}. {remedy}", {"rule": rule, "remedy": remedy})


def broken_at(path: tuple[str | int, ...], value: Any, rule: str, remedy: str) -> InitErrorDetails:
    """Return the error for a broken rule somewhere below the field that is being validated."""
    return InitErrorDetails(type=rule_error(rule, remedy), loc=path, input=value)


def raise_all(errors: list[InitErrorDetails]) -> None:
    """Raise the errors, if there are any, as one."""
    if errors:
        raise ValidationError.from_exception_data("request", errors)


def close_match(value: object, allowed: Iterable[str]) -> str | None:
    """Return the allowed text that was probably meant, whatever its case."""
    by_lower = {entry.lower(): entry for entry in allowed}
    found = difflib.get_close_matches(str(value).lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def format_time(value: datetime) -> str:
    """Return the time in ISO-8601 with offset, with milliseconds if it has any."""
    text = value.isoformat(timespec="milliseconds") if value.microsecond else value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def later_than(earlier: str) -> AfterValidator:
    """Return the rule that a time is later than the one in the field ``earlier``, which is declared before it."""

    def check(value: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get(earlier)
        if value is not None and start is not None and value <= start:
            name = to_camel(earlier)
            raise rule_error(f"must be later than {name} ({format_time(start)})", f"Correct it or {name}.")
        return value

    return AfterValidator(check)


def _time_from_text(text: str) -> datetime:
    shape = _ISO_8601.fullmatch(text)
    if shape is None:
        raise rule_error("must be an ISO-8601 date and time", f"Write date, time and offset, {_ISO_EXAMPLE}.")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise rule_error("must be a date and time that exist", f"Correct it, {_ISO_EXAMPLE}.") from None


def _parse_time(value: Any) -> datetime:
    time = _time_from_text(value.strip()) if isinstance(value, str) else value
    if not isinstance(time, datetime):
        raise rule_error(
            "must be a date and time, neither a number nor a bare date", f"Write it as text, {_ISO_EXAMPLE}."
        )
    offset = time.utcoffset()
    if offset is None:
        raise rule_error("must have an offset from UTC", "Add an offset such as +02:00 or Z.")
    if offset % _QUARTER_HOUR:
        # A pytz zone passed as tzinfo means local mean time of the 19th century.
        raise rule_error(
            f"has an offset from UTC that no time zone uses ({offset})",
            "Use zoneinfo or pendulum, or pytz's localize(), to give the time its zone.",
        )
    # A plain datetime with a fixed offset and Gong's precision, whatever class was passed.
    return datetime.fromisoformat(time.isoformat(timespec="milliseconds"))


def _parse_id(value: Any) -> str:
    if isinstance(value, float):
        raise rule_error(
            "must be a Gong id as text; a floating-point number loses digits",
            "Read the column as text, then try again.",
        )
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if re.fullmatch(r"\d{1,20}", text, re.ASCII):
        return text
    if "@" in text:
        raise rule_error("must be a Gong id, not an e-mail address", "Look up the id in Gong's list of users.")
    raise rule_error("must be a Gong id, which is 1 to 20 digits", "Look up the id in Gong.")


def _id_text(value: Any) -> Any:
    if isinstance(value, float):
        raise rule_error(
            "must be an id as text; a floating-point number loses digits",
            "Read the column as text, then try again.",
        )
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _check_email(value: str) -> str:
    # Observed on live tenants: "na", "-" and addresses below .example are refused with status 400.
    if len(value) <= 254 and _EMAIL.fullmatch(value) and not value.lower().endswith(".example"):
        return value
    raise rule_error("must be an e-mail address that Gong accepts", "Correct it or leave the field out.")


def _check_media_url(value: str) -> str:
    try:
        url = urlsplit(value)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in ("http", "https") or not url.hostname or re.search(r"\s", value):
        raise rule_error(
            "must be an absolute http or https URL", "Give the full URL, starting with https:// and a host."
        )
    if url.scheme == "http" and not _LOOPBACK.fullmatch(url.hostname or ""):
        raise rule_error("must use https; otherwise the recording is sent unencrypted", "Give an https URL.")
    if "@" in url.netloc:
        # Whoever may read the call's log at Gong would have them.
        raise rule_error("must not contain a user or password", "Give a signed URL.")
    return value


def _check_language(value: str) -> str:
    if value in LANGUAGE_CODES:
        return value
    meant = close_match(value, LANGUAGE_CODES)
    hint = f"Use {meant}" if meant else "Use a code such as en-US"
    raise rule_error(
        "must be one of the language codes that Gong knows",
        f"{hint}, or leave the field out and Gong detects the language.",
    )


def not_empty(values: tuple[T, ...]) -> tuple[T, ...]:
    """
    Require at least one entry.

    Pydantic's own limit counts the valid entries only, and would report a list of wrong ones as empty.
    """
    if not values:
        raise rule_error("must not be empty", "Add an entry, or leave the field out if it is optional.")
    return values


def _without_duplicates(values: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


def _with_offset(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


def _short_line(value: Any) -> Any:
    is_usable = not isinstance(value, str) or (len(value) <= _LONGEST_LINK and value.isprintable())
    return value if is_usable else None


def _finite(value: Any) -> Any:
    try:
        is_usable = not isinstance(value, int | float) or math.isfinite(value)
    except OverflowError:
        is_usable = False
    return value if is_usable else None


def _blank_to_none(value: Any) -> Any:
    return None if value == "" else value


Timestamp = Annotated[
    datetime,
    BeforeValidator(_parse_time),
    PlainSerializer(format_time, return_type=str, when_used="json"),
]
"""Time with offset: a datetime or ISO-8601 text; kept with milliseconds at most."""

AnswerId = Annotated[str, Field(min_length=1)]
"""Id of what an answer says was created."""

ResponseTime = Annotated[datetime | None, BeforeValidator(_blank_to_none), AfterValidator(_with_offset)]
"""Time in an answer, with whatever precision Gong gives; one without an offset is in UTC."""

ResponseLink = Annotated[str | None, BeforeValidator(_short_line)]
"""URL in an answer; None for what no store and no log could take: control characters, half characters, no end."""

ResponseSeconds = Annotated[int | float | None, BeforeValidator(_finite)]
"""Seconds in an answer; None for what is no number of seconds."""

GongId = Annotated[str, BeforeValidator(_parse_id)]
"""Id of Gong: text of digits; a whole number is taken as such a text."""

GongIds = Annotated[tuple[GongId, ...], AfterValidator(not_empty), AfterValidator(_without_duplicates)]
"""Ids of Gong, each once; Gong refuses an empty list (observed on live tenants)."""

DigitsAsText: Final = BeforeValidator(_id_text)

OtherId = Annotated[str, DigitsAsText]
"""Id in another system, as text; a whole number is taken as its digits."""

EmailAddress = Annotated[str, AfterValidator(_check_email)]
MediaUrl = Annotated[str, AfterValidator(_check_media_url)]
LanguageCode = Annotated[str, AfterValidator(_check_language)]
