"""Figures of a run that are kept between its attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from airflow_provider_gong.call_export.storage.manifest import DayManifest


class Counts:
    """Base class of dataclasses whose fields are numbers, lists and counters."""

    @classmethod
    def parsed(cls, document: Mapping[str, Any]) -> Self:
        """Return figures from what :meth:`document` has returned."""
        return cls(**{name: Counter(value) if isinstance(value, dict) else value for name, value in document.items()})

    def document(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(self).items()}


@dataclass
class Figures(Counts):
    """What a run has done in all of its attempts."""

    days_read: int = 0
    requests: int = 0
    changed_days: list[str] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    missing_transcripts: int = 0
    private_calls: int = 0
    suspects: int = 0
    removed_calls: int = 0
    unknown_fields: Counter[str] = field(default_factory=Counter)

    def count(self, manifest: DayManifest, rows: Mapping[str, int]) -> None:
        """Count a day that is done."""
        self.days_read += 1
        self.rows.update(rows)
        self.missing_transcripts += len(manifest.missing)
        self.suspects += len(manifest.suspects)
        self.private_calls += manifest.facts["private_calls"]
        self.unknown_fields.update(manifest.facts["unknown_fields"])
