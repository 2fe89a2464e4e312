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
_CALL, _TRANSCRIPT = "exported call", "transcript"

Sees = Callable[..., bool]


@dataclass
class Shrinkage(Counts):
    """
    What a run has seen of the export, over all of its days and workers.

    :ivar held: what the export contains in the days that were read: numbers of exported calls, also by workspace and
        host, of transcripts, and of calls with rows in each table
    :ivar gone: what of it Gong no longer shows
    """

    held: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Shrinkage) -> Shrinkage:
        """Return what two parts of a run have seen together."""
        return Shrinkage(self.held + other.held, self.gone + other.gone)

    def count_calls(self, held: Mapping[str, CallFacts], gone: Collection[str]) -> None:
        """
        Count the calls of a day.

        :param held: those that the export contains
        :param gone: those that Gong no longer shows
        """
        for call_id, call in held.items():
            self.held.update(_groups(call))
            if call_id in gone:
                self.gone.update(_groups(call))

    def count_transcripts(self, held: int, gone: int) -> None:
        """Count calls that are still shown and had a transcript, and those that have lost it."""
        self.held[_TRANSCRIPT] += held
        self.gone[_TRANSCRIPT] += gone

    def count_table(self, table: str, held: int, left: int) -> None:
        """Count the calls that are still shown and have rows in a table, before and now."""
        self.held[f"table {table}"] += held
        self.gone[f"table {table}"] += max(held - left, 0)

    def alarms(self, sees: Sees) -> list[str]:
        """
        Return why the access key is the more likely reason; nothing if deletions are.

        :param sees: asks Gong whether it shows any call that meets the conditions
        """
        found = []
        for what, gone in self.gone.items():
            held = self.held[what]
            kind, _, ident = what.partition(" ")
            if kind in _CONDITIONS:
                if gone == held and not sees(**_CONDITIONS[kind](ident)):
                    found.append(
                        f"all {counted(gone, 'exported call')} of {what} on the days that were read are missing, and "
                        f"Gong shows no other calls of this {kind}"
                    )
            elif gone > _FEW and gone > _SHARE * held:
                lost = f"{what} has lost the rows of {gone} of {counted(held, 'call')}"
                found.append(lost if kind == "table" else f"{gone} of {counted(held, what)} are gone")
        return found


def confirmed(vanished: Collection[str], suspects: Mapping[str, datetime], now: datetime) -> set[str]:
    """Return the missing calls that have been missing long enough."""
    return {call_id for call_id in vanished if call_id in suspects and now - suspects[call_id] >= CONFIRM_AFTER}


def _groups(call: CallFacts) -> list[str]:
    groups = [("workspace", call.workspace_id), ("host", call.owner_id)]
    return [*(f"{kind} {ident}" for kind, ident in groups if ident), _CALL]


# The filters that show the calls of a group.
_CONDITIONS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "workspace": lambda ident: {"workspaceId": ident},
    "host": lambda ident: {"primaryUserIds": (ident,)},
}
