"""The description of a company in JSON, YAML, or as a mapping; everything has a default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

Described = TypeVar("Described")

# Limits of memory, and of what a request can wait for.
MOST_USERS = 10_000
MOST_CALLS = 1_000_000
_MOST_MONTHS = 1_200


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True, kw_only=True)
class WorkspaceSeed:
    """A workspace."""

    name: str
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class UserSeed:
    """
    A user; the default address is ``first.last@example.com``.

    :param manager: the manager's address; the first user by default
    :param conferencingProviders: the default one first
    """

    firstName: str  # noqa: N815 (Gong's names)
    lastName: str  # noqa: N815
    emailAddress: str = ""  # noqa: N815
    title: str = "Account Executive"
    phoneNumber: str = ""  # noqa: N815
    emailAliases: tuple[str, ...] = ()  # noqa: N815
    active: bool = True
    telephonyCallsImported: bool = True  # noqa: N815
    conferencingProviders: tuple[str, ...] = ("zoom",)  # noqa: N815
    providerConnected: bool = True  # noqa: N815
    manager: str = ""
    language: str = "en-US"

    @property
    def email(self) -> str:
        """The address."""
        return self.emailAddress or f"{self.firstName}.{self.lastName}@example.com".lower().replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class CallSeed:
    """
    A processed call of the past.

    :param host: the host's address
    :param daysAgo: its start in days before the emulator's time; alternatively, ``started`` gives a time
    :param minutes: its length
    :param parties: other participants, with Gong's fields; the host is added
    :param workspace: the workspace's name; the first one by default
    :param appearsAfterHours: hours from its start until Gong has it; a past time means immediately
    :param transcriptAfterHours: hours from its start until Gong has the transcript; with the call by default
    """

    clientUniqueId: str  # noqa: N815
    host: str
    title: str = "Call"
    daysAgo: float = 1.0  # noqa: N815
    started: str = ""
    minutes: float = 30.0
    parties: tuple[Mapping[str, Any], ...] = ()
    direction: str = "Outbound"
    disposition: str = ""
    languageCode: str = "en-US"  # noqa: N815
    workspace: str = ""
    isPrivate: bool = False  # noqa: N815
    appearsAfterHours: float = 0.0  # noqa: N815
    transcriptAfterHours: float = 0.0  # noqa: N815

    def started_at(self, now: float) -> datetime:
        """Return the call's start."""
        if self.started:
            return datetime.fromisoformat(self.started)
        return datetime.fromtimestamp(int(now), UTC) - timedelta(days=self.daysAgo)


@dataclass(frozen=True, kw_only=True)
class Generate:
    """
    What to generate: additional users, and calls over the past months.

    :param late: share of calls that Gong has only hours to weeks after their start, with even later transcripts
    :param private: share of calls that are private
    """

    users: int = 0
    calls: int = 0
    months: float = 12.0
    late: float = 0.0
    private: float = 0.0

    def __post_init__(self) -> None:
        limits = {"users": MOST_USERS, "calls": MOST_CALLS, "months": _MOST_MONTHS, "late": 1, "private": 1}
        for name, most in limits.items():
            given = getattr(self, name)
            _require(0 <= given <= most, f"generate.{name} must be from 0 to {most}, not {given}")


@dataclass(frozen=True, kw_only=True)
class CompanyDocument:
    """A company."""

    workspaces: tuple[WorkspaceSeed, ...] = ()
    users: tuple[UserSeed, ...] = ()
    calls: tuple[CallSeed, ...] = ()
    generate: Generate = Generate()


_ITEMS: Mapping[type, str] = {Mapping: "objects", str: "texts"}
_PARTS: Mapping[str, type] = {"workspaces": WorkspaceSeed, "users": UserSeed, "calls": CallSeed}


def read_document(document: Any) -> CompanyDocument:
    """
    Return the company that a mapping describes.

    :raises ValueError: if a name is unknown, or something is missing or has a wrong type; it says where
    """
    given = _checked("company", document, CompanyDocument)
    parts: dict[str, Any] = {
        name: tuple(_read(f"{name}[{index}]", item, kind) for index, item in enumerate(given.get(name) or ()))
        for name, kind in _PARTS.items()
    }
    return CompanyDocument(**parts, generate=_read("generate", given.get("generate") or {}, Generate))


def _checked(place: str, given: Any, kind: type) -> Mapping[str, Any]:
    _require(isinstance(given, Mapping), f"{place} must be an object, not {given!r}")
    known = {field.name: field for field in fields(kind)}
    unknown = sorted(set(map(str, given)) - set(known))
    _require(not unknown, f"{place}: unknown name {', '.join(unknown)}; known: {', '.join(known)}")
    required = [name for name, field in known.items() if field.default is MISSING and name not in given]
    _require(not required, f"{place}: {', '.join(required)} missing")
    checked: Mapping[str, Any] = given
    return checked


def _read(place: str, given: Any, kind: type[Described]) -> Described:
    checked = _checked(place, given, kind)
    defaults = {field.name: field.default for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _value(f"{place}.{name}", value, defaults[name]) for name, value in checked.items()})


def _value(place: str, value: Any, default: Any) -> Any:
    wanted: type | tuple[type, ...] = str if default is MISSING else type(default)
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        kind = Mapping if place.endswith(".parties") else str
        _require(all(isinstance(item, kind) for item in value), f"{place} must contain {_ITEMS[kind]}, not {value!r}")
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, datetime) and wanted is str:
        return value.isoformat()
    fits = isinstance(value, wanted) and isinstance(value, bool) is isinstance(default, bool)
    _require(fits, f"{place} must be of type {getattr(wanted, '__name__', wanted)}, not {value!r}")
    return value


def load_document(path: Path) -> Mapping[str, Any]:
    """
    Return the content of a JSON or YAML file.

    :raises ValueError: if it is neither
    :raises OSError: if it cannot be read
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".yaml", ".yml"):
        import yaml  # type: ignore[import-untyped]

        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(f"{path} is not YAML: {error}") from error
    else:
        document = json.loads(text)
    _require(isinstance(document, dict), f"{path} must contain an object")
    found: dict[str, Any] = document
    return found


@cache
def default_document() -> CompanyDocument:
    """Return the small company with which an emulator starts by default."""
    return read_document(load_document(Path(__file__).with_name("company.json")))
