"""Promises that are switched off in the one place of the package that keeps each, for testing who judges them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import and_, update

from airflow_provider_gong.call_import.report import summary
from airflow_provider_gong.call_import.upload.sending import RowSender
from airflow_provider_gong.call_import.verify import ImportVerification
from airflow_provider_gong.client import transport
from airflow_provider_gong.client.pacing import Slot
from airflow_provider_gong.ledger import ledger, queries
from airflow_provider_gong.ledger.folder import journal, sync
from airflow_provider_gong.ledger.folder.journaled import JournaledLedger
from airflow_provider_gong.ledger.folder.segments import Segment
from airflow_provider_gong.ledger.folder.sync import JournalSync
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.tables import call_table, row_table
from airflow_provider_gong.ledger.view import ImportView
from airflow_provider_gong.store.budget import SharedBudget

Patch = pytest.MonkeyPatch


def leases_are_not_fenced(patch: Patch) -> None:
    """Whoever has lost a lease may write all the same."""
    patch.setattr(Ledger, "_held", lambda self, lease: self._call(lease.client_unique_id))


def rows_are_claimed_twice(patch: Patch) -> None:
    """A row may be leased although it is leased already."""
    write = queries._write_claim

    def claims_anyway(connection: Any, identity: dict[str, str], values: dict[str, Any], *, seen: int | None) -> bool:
        this = and_(*(call_table.c[name] == value for name, value in identity.items()))
        is_known = connection.execute(update(call_table).where(this).values(**values)).rowcount == 1
        return is_known or write(connection, identity, values, seen=None)

    patch.setattr(queries, "_write_claim", claims_anyway)


def nobody_looks_before_bytes_go_again(patch: Patch) -> None:
    """What may have arrived is sent again."""

    async def has_none(*_: Any) -> bool:
        return False

    patch.setattr(RowSender, "_has_recording", has_none)


def intents_are_not_kept(patch: Patch) -> None:
    """A call that was created and whose answer was lost is taken for somebody else's."""
    claim = ledger.claim

    def forgetful(*arguments: Any) -> Any:
        leased = claim(*arguments)
        arguments[0].execute(update(call_table).values(intended_at=None))
        return leased

    patch.setattr(ledger, "claim", forgetful)


def intents_are_not_in_the_journal(patch: Patch) -> None:
    """Rows are sent before the journal says that they may be."""

    def written_late(self: Any, *, before_sending: bool) -> None:
        # The plan itself is written.
        (self._sync.write_if_due if self.store_id else self._sync.write)()

    patch.setattr(JournaledLedger, "_has_changed", written_late)


def digests_are_not_checked(patch: Patch) -> None:
    """Whatever is left of a journal and of a plan is taken for all of it."""

    def lenient(name: str, content: bytes | None, **_: Any) -> Segment:
        lines = (content or b"").split(b"\n")[1:]
        return Segment(name, [json.loads(line) for line in lines if line], "unchecked")

    patch.setattr(journal, "unpacked", lenient)
    patch.setattr(journal, "mark_of", lambda _: "unchecked")
    patch.setattr(JournalSync, "_load_plan", _load_what_is_left)
    patch.setattr(ImportView, "is_whole", lambda _: True)


def _load_what_is_left(self: Any, plan: Any) -> None:
    files = journal.Files(plan["segments"], "unchecked")
    for segment in self._journal.files(sync._plan_folder(self.store_id), files):
        if segment.entries:
            self._replace(row_table, [self._values(entry, row_table) for entry in segment.entries])


def everything_counts_as_seen(patch: Patch) -> None:
    """Rows are verified that nobody has read."""
    read = ImportVerification._read

    def sees_all(self: Any, unseen: Any) -> set[str]:
        read(self, unseen)
        from airflow_provider_gong.ledger.rows import CallState, Reading

        self._ledger.read_back(Reading(ident, CallState.VERIFIED) for ident in unseen.values())
        return set(unseen)

    patch.setattr(ImportVerification, "_read", sees_all)


def unfinished_is_green(patch: Patch) -> None:
    """A report does not mind rows that are unfinished."""
    patch.setattr(summary, "UNFINISHED", frozenset())


def slots_are_not_spaced(patch: Patch) -> None:
    """Whoever wants to send may."""
    patch.setattr(SharedBudget, "reserve", lambda self, max_wait: Slot(0.0, 0))
    patch.setattr(SharedBudget, "confirm", lambda self, slot: True)


def gates_do_not_close(patch: Patch) -> None:
    """A refusal is of no concern to others."""
    patch.setattr(SharedBudget, "close", lambda self, retry_after, foreign=False: None)


def redirects_are_followed(patch: Patch) -> None:
    """Credentials travel to wherever a redirect leads."""
    options = transport._options

    @functools.wraps(options)
    def following(*arguments: Any) -> dict[str, Any]:
        return {**options(*arguments), "follow_redirects": True}

    patch.setattr(transport, "_options", following)


# What is switched off, and which kinds of faults and places show it.
BROKEN: tuple[tuple[Callable[[Patch], None], dict[str, Any]], ...] = (
    (leases_are_not_fenced, {"places": ("sqlite",)}),
    (rows_are_claimed_twice, {"places": ("sqlite",)}),
    (nobody_looks_before_bytes_go_again, {}),
    (intents_are_not_kept, {"places": ("sqlite",)}),
    (intents_are_not_in_the_journal, {"places": ("folder",)}),
    (digests_are_not_checked, {"places": ("folder",), "kinds": frozenset({"damaged folder"})}),
    (everything_counts_as_seen, {"places": ("sqlite",)}),
    (unfinished_is_green, {}),
    (slots_are_not_spaced, {"places": ("sqlite",)}),
    (gates_do_not_close, {"places": ("sqlite",), "kinds": frozenset({"Gong's 429"})}),
    (redirects_are_followed, {"kinds": frozenset({"foreign answers before the effect"})}),
)
