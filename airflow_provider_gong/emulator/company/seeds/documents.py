"""The description of a company in JSON, YAML, or as a mapping; everything has a default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from airflow_provider_gong.emulator.world.described import named, number, read

# Limits of memory, and of what a request can wait for.
MOST_USERS = 10_000
MOST_CALLS = 1_000_000
_MOST_MONTHS = 1_200


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


@dataclass(frozen=True, kw_only=True)
class Generate:
    """
    What to generate: additional users, and calls over the past months.

    :param late: share of calls that Gong has only hours to weeks after their start, with even later transcripts
    :param private: share of calls that are private
    """

    users: int = number(0, highest=MOST_USERS)
    calls: int = number(0, highest=MOST_CALLS)
    months: float = number(12.0, highest=_MOST_MONTHS)
    late: float = number(0.0, highest=1)
    private: float = number(0.0, highest=1)


@dataclass(frozen=True, kw_only=True)
class CompanyDocument:
    """A company."""

    workspaces: tuple[WorkspaceSeed, ...] = ()
    users: tuple[UserSeed, ...] = ()
    calls: tuple[CallSeed, ...] = ()
    generate: Generate = Generate()


_PARTS: Mapping[str, type[WorkspaceSeed | UserSeed | CallSeed]] = {
    "workspaces": WorkspaceSeed,
    "users": UserSeed,
    "calls": CallSeed,
}


def read_document(document: Any) -> CompanyDocument:
    """
    Return the company that a mapping describes.

    :raises ValueError: if a name is unknown, or something is missing or has a wrong type; it says where
    """
    given = named(CompanyDocument, document, "company")
    parts: dict[str, Any] = {
        name: tuple(read(kind, item, f"{name}[{index}]") for index, item in enumerate(given.get(name) or ()))
        for name, kind in _PARTS.items()
    }
    return CompanyDocument(**parts, generate=read(Generate, given.get("generate") or {}, "generate"))


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
    if not isinstance(document, dict):
        raise ValueError(f"{path} must contain an object")  # noqa: TRY004 (a wrong file, no wrong argument)
    return document


@cache
def default_document() -> CompanyDocument:
    """Return the small company with which an emulator starts by default."""
    return read_document(load_document(Path(__file__).with_name("company.json")))
