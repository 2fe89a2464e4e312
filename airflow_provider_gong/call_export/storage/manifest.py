"""The manifest of a day: what was read, and which files hold it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_export.errors import GongExportStorageError

MANIFEST_VERSION = 1


class CallFacts(NamedTuple):
    """
    What a manifest remembers about a call.

    :param workspace_id: its workspace
    :param owner_id: its host
    :param has_transcript: whether it had a transcript
    """

    workspace_id: str
    owner_id: str
    has_transcript: bool


@dataclass(frozen=True)
class TableFile:
    """
    The file of a table and day.

    :param path: relative to the export's folder
    :param rows: number of rows
    :param calls: number of calls with rows
    :param digest: of the rows, in any order
    :param size: bytes
    :param sha256: of the file
    :param version: what changes in the object store when the file is replaced; empty if it has nothing of the kind
    """

    path: str
    rows: int
    calls: int
    digest: str
    size: int
    sha256: str
    version: str


@dataclass(frozen=True)
class DayManifest:
    """
    What is known about an exported day.

    :param day: the UTC day
    :param settings: fingerprint of the settings it was read under
    :param read_at: when it was last read with a change of this manifest
    :param changed_at: when its rows last changed; differs whenever they do
    :param tables: the file of each table
    :param calls: the calls in the files, by id
    :param missing: calls whose transcripts are expected, by id, and since when
    :param suspects: calls that Gong no longer shows and whose rows are kept for now, and since when
    :param facts: figures of the read: requests, private calls, calls outside of the day, unknown fields
    :param writer: the run that is replacing the files; they may not belong together until this is empty
    """

    day: date
    settings: str = ""
    read_at: datetime | None = None
    changed_at: datetime | None = None
    tables: Mapping[str, TableFile] = field(default_factory=dict)
    calls: Mapping[str, CallFacts] = field(default_factory=dict)
    missing: Mapping[str, datetime] = field(default_factory=dict)
    suspects: Mapping[str, datetime] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    writer: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether its files belong together."""
        return not self.writer and self.read_at is not None

    def being_written(self, writer: str) -> DayManifest:
        """Return the same manifest, marked as being replaced."""
        return dataclasses.replace(self, writer=writer)

    def document(self) -> dict[str, Any]:
        """Return the manifest as JSON."""
        calls: dict[str, dict[str, dict[str, int]]] = {}
        for call_id, call in sorted(self.calls.items()):
            calls.setdefault(call.workspace_id, {}).setdefault(call.owner_id, {})[call_id] = int(call.has_transcript)
        return {
            "version": MANIFEST_VERSION,
            "started_date": self.day.isoformat(),
            "complete": self.is_complete,
            "writer": self.writer,
            "settings": self.settings,
            "read_at": None if self.read_at is None else _text(self.read_at),
            "changed_at": None if self.changed_at is None else self.changed_at.astimezone(UTC).isoformat(),
            "tables": {name: dict(vars(file)) for name, file in self.tables.items()},
            "missing_transcripts": {call_id: _text(since) for call_id, since in sorted(self.missing.items())},
            "suspects": {call_id: _text(since) for call_id, since in sorted(self.suspects.items())},
            **self.facts,
            # Workspace, host, call: whether it has a transcript.
            "calls": calls,
        }

    @classmethod
    def parsed(cls, document: Mapping[str, Any], name: str) -> DayManifest:
        """
        Return a manifest from its JSON.

        :param name: its file, for errors
        :raises GongExportStorageError: if it is not a manifest, or was written by a newer release
        """
        try:
            if document["version"] > MANIFEST_VERSION:
                raise GongExportStorageError(
                    f"{shown(name)} was written by a newer airflow-provider-gong: upgrade it here."
                )
            calls = {
                call_id: CallFacts(workspace_id, owner_id, bool(has_transcript))
                for workspace_id, owners in document["calls"].items()
                for owner_id, found in owners.items()
                for call_id, has_transcript in found.items()
            }
            read_at, changed_at = document["read_at"], document["changed_at"]
            return cls(
                day=date.fromisoformat(document["started_date"]),
                settings=document["settings"],
                read_at=None if read_at is None else datetime.fromisoformat(read_at),
                changed_at=None if changed_at is None else datetime.fromisoformat(changed_at),
                tables={table: TableFile(**file) for table, file in document["tables"].items()},
                calls=calls,
                missing=_moments(document["missing_transcripts"]),
                suspects=_moments(document["suspects"]),
                facts={fact: document[fact] for fact in FACTS if fact in document},
                writer=document["writer"],
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise GongExportStorageError(
                f"{shown(name)} is not a manifest of an export ({type(error).__name__}: {error}).",
                remedy="Delete it; the next run reads the day again.",
            ) from error


FACTS = ("requests", "private_calls", "calls_outside_day", "unknown_fields")


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _moments(document: Mapping[str, str]) -> dict[str, datetime]:
    return {call_id: datetime.fromisoformat(since) for call_id, since in document.items()}
