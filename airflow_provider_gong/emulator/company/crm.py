"""The Generic CRM integration of a company: schema, objects, and asynchronous requests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_gong.emulator.contract.checking import parse_datetime
from airflow_provider_gong.emulator.world.world import Job, World

_LISTED_ERRORS = 20
_OBJECT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_EMAIL = re.compile(r"[^@\s]{1,48}@[^@\s]+\.[^@\s]+")
_WITH_ADDRESS = ("CONTACT", "LEAD", "BUSINESS_USER")


@dataclass
class CrmJob(Job):
    """An asynchronous request, done or failed when it is over."""

    errors: list[tuple[int, str]] = field(default_factory=list)
    succeeded: int = 0

    def as_json(self, now: float) -> dict[str, Any]:
        """Return the answer about the request; at most 20 errors are listed."""
        running = self.progress(now)
        if running:
            return {"status": running}
        return {
            "status": "FAILED" if self.errors else "DONE",
            "errors": [{"line": line, "description": text} for line, text in self.errors[:_LISTED_ERRORS]],
            "totalErrorCount": len(self.errors),
            "totalSuccessCount": self.succeeded,
        }


@dataclass
class Integration:
    """The registered integration."""

    id: int
    name: str
    owner_email: str
    schema: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)


class Crm:
    """
    The company's CRM data.

    :param world: the company's settings, time and ids
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._registered = 0
        self.integration: Integration | None = None
        self.jobs: dict[tuple[str, str], CrmJob] = {}

    def register(self, name: str, owner_email: str) -> Integration:
        """Register an integration."""
        self._registered += 1
        integration_id = int(self._world.new_id("integration", self._registered))
        self.integration = Integration(integration_id, name, owner_email)
        return self.integration

    def start(self, key: tuple[str, str], seconds: float, work: Callable[[CrmJob], None]) -> None:
        """Begin an asynchronous request, which takes effect when it ends."""
        now = self._world.clock.now()
        job = self.jobs[key] = CrmJob(now, now + seconds)
        self._world.agenda.at(job.ends, lambda: work(job))

    def delete(self, integration: Integration) -> None:
        """Delete an integration with its objects."""
        if self.integration is integration:
            self.integration = None

    def people_with(self, field_name: str, matches: Callable[[str], bool]) -> list[tuple[str, dict[str, Any]]]:
        """Return the contacts and leads that have a matching value, with their types."""
        objects = self.integration.objects if self.integration else {}
        return [
            (kind, found)
            for kind in ("CONTACT", "LEAD")
            for found in objects.get(kind, {}).values()
            if matches(str(found.get(field_name) or ""))
        ]

    def erase(self, kind: str, object_id: str) -> None:
        """Remove an object."""
        if self.integration is not None:
            self.integration.objects.get(kind, {}).pop(object_id, None)


class LineReader:
    """
    Reads an LDJSON file line by line as it arrives, and keeps the content of each line.

    :param object_type: of all objects of the file
    """

    def __init__(self, object_type: str) -> None:
        self._object_type = object_type
        self._rest = b""
        self._number = 0
        self.objects: list[dict[str, Any]] = []
        self.errors: list[tuple[int, str]] = []

    def write(self, data: bytes) -> None:
        """Take the next bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)

    def close(self) -> None:
        """Read the last line."""
        self._take(self._rest)

    def _take(self, line: bytes) -> None:
        self._number += 1
        if not line.strip():
            return
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        error = "Invalid JSON" if not isinstance(found, dict) else _error_in(found, self._object_type)
        if error:
            self.errors.append((self._number, error))
        else:
            self.objects.append(found)


def _error_in(found: Mapping[str, Any], object_type: str) -> str | None:
    has_address = object_type in _WITH_ADDRESS and not found.get("isDeleted")
    for name in ("objectId", "modifiedDate", "emailAddress"):
        if not found.get(name) and (has_address or name != "emailAddress"):
            return f"Mandatory field [{name}] is missing or empty"
    object_id = str(found["objectId"])
    if not (_OBJECT_ID.fullmatch(object_id) or _EMAIL.fullmatch(object_id)):
        return f"Field [objectId] has an invalid value: {object_id[:80]}"
    modified = found["modifiedDate"]
    is_time = isinstance(modified, str) and "." not in modified and parse_datetime(modified) is not None
    return None if is_time else "Field [modifiedDate] must be ISO-8601 without milliseconds"


def store_objects(integration: Integration, object_type: str, objects: Iterable[dict[str, Any]]) -> None:
    """Insert, replace or delete objects."""
    held = integration.objects.setdefault(object_type, {})
    for found in objects:
        if found.get("isDeleted"):
            held.pop(str(found["objectId"]), None)
        else:
            held[str(found["objectId"])] = found
