"""Decides whether calls that Gong no longer shows were deleted, or the access key has gone blind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_gong._text import counted
from airflow_provider_gong.call_export.reading.counts import Counts
from airflow_provider_gong.call_export.storage.manifest import CallFacts

# Gong shows calls in progress late or not at all; only a second read on another day proves a deletion.
CONFIRM_AFTER = timedelta(hours=20)
_FEW = 5
_SHARE = 0.2

Sees = Callable[..., bool]


@dataclass
class Shrinkage(Counts):
    """
    What a run has seen of the exported calls, over all of its days and workers.

    :ivar held: exported calls in the days that were read, by workspace and host
    :ivar gone: those that Gong no longer shows
    """

    held: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    held_transcripts: int = 0
    gone_transcripts: int = 0
    held_rows: Counter[str] = field(default_factory=Counter)
    empty_tables: Counter[str] = field(default_factory=Counter)
    total_held: int = 0
    total_gone: int = 0

    def __add__(self, other: Shrinkage) -> Shrinkage:
        """Return what two parts of a run have seen together."""
        return Shrinkage(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    def count_calls(self, held: Mapping[str, CallFacts], gone: Collection[str]) -> None:
        """
        Count the calls of a day.

        :param held: those that the export contains
        :param gone: those that Gong no longer shows
        """
        self.total_held += len(held)
        self.total_gone += len(gone)
        for call_id, call in held.items():
            self.held.update(_groups(call))
            if call_id in gone:
                self.gone.update(_groups(call))

    def count_transcripts(self, held: int, gone: int) -> None:
        """Count calls that are still shown and had a transcript, and those that have lost it."""
        self.held_transcripts += held
        self.gone_transcripts += gone

    def count_table(self, table: str, held: int, left: int) -> None:
        """Count the calls that are still shown and have rows in a table, before and now."""
        self.held_rows[table] += held
        self.empty_tables[table] += max(held - left, 0)

    def alarms(self, sees: Sees) -> list[str]:
        """
        Return why the access key is the more likely reason; nothing if deletions are.

        :param sees: asks Gong whether it shows any call that meets the conditions
        """
        return [*self._of_groups(sees), *self._of_shares()]

    def _of_groups(self, sees: Sees) -> list[str]:
        found = []
        for group, gone in self.gone.items():
            kind, _, ident = group.partition(" ")
            if gone == self.held[group] and not sees(**_condition(kind, ident)):
                found.append(
                    f"all {counted(gone, 'exported call')} of {kind} {ident} on the days that were read are missing, "
                    f"and Gong shows no other calls of this {kind}"
                )
        return found

    def _of_shares(self) -> list[str]:
        found = []
        if _is_much(self.total_gone, self.total_held):
            found.append(f"{self.total_gone} of {counted(self.total_held, 'exported call')} are gone")
        if _is_much(self.gone_transcripts, self.held_transcripts):
            found.append(f"{self.gone_transcripts} of {counted(self.held_transcripts, 'transcript')} are gone")
        for table, gone in self.empty_tables.items():
            if _is_much(gone, self.held_rows[table]):
                found.append(f"table {table} has lost the rows of {gone} of {counted(self.held_rows[table], 'call')}")
        return found


def confirmed(vanished: Collection[str], suspects: Mapping[str, datetime], now: datetime) -> set[str]:
    """Return the missing calls that have been missing long enough."""
    return {call_id for call_id in vanished if call_id in suspects and now - suspects[call_id] >= CONFIRM_AFTER}


def _is_much(gone: int, held: int) -> bool:
    return gone > _FEW and gone > _SHARE * held


def _groups(call: CallFacts) -> list[str]:
    groups = [("workspace", call.workspace_id), ("host", call.owner_id)]
    return [f"{kind} {ident}" for kind, ident in groups if ident]


def _condition(kind: str, ident: str) -> dict[str, Any]:
    return {"workspaceId": ident} if kind == "workspace" else {"primaryUserIds": (ident,)}
