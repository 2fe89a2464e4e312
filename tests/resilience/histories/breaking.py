"""Promises that are switched off in the one place of the package that keeps each, for testing who judges them."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from sqlalchemy import and_, update

from airflow_provider_gong.call_import import existing, verify
from airflow_provider_gong.call_import.report import summary
from airflow_provider_gong.call_import.upload import sending
from airflow_provider_gong.call_import.upload.sending import RowSender
from airflow_provider_gong.call_import.verify import ImportVerification
from airflow_provider_gong.client import transport
from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.pacing import Slot
from airflow_provider_gong.ledger import ledger, queries, tables
from airflow_provider_gong.ledger.folder import journal, sync
from airflow_provider_gong.ledger.folder.journaled import JournaledLedger
from airflow_provider_gong.ledger.folder.segments import Segment
from airflow_provider_gong.ledger.folder.sync import JournalSync
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, LeasedRow
from airflow_provider_gong.ledger.view import ImportView
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.schema import db_now

Patch = pytest.MonkeyPatch


def leases_are_not_fenced(patch: Patch) -> None:
    """Whoever has lost a lease may write all the same."""
    patch.setattr(Ledger, "_held", lambda self, lease: self._call(lease.client_unique_id))


def rows_are_claimed_twice(patch: Patch) -> None:
    """A row may be leased although it is leased already."""
    write = queries._write_claim

    def claims_anyway(connection: Any, identity: dict[str, str], values: dict[str, Any], *, seen: int | None) -> bool:
        this = and_(*(tables.calls.c[name] == value for name, value in identity.items()))
        is_known = connection.execute(update(tables.calls).where(this).values(**values)).rowcount == 1
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
        arguments[0].execute(update(tables.calls).values(intended_at=None))
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
            self._replace(tables.rows, [self._values(entry, tables.rows) for entry in segment.entries])


def everything_counts_as_seen(patch: Patch) -> None:
    """Rows are verified that nobody has read."""
    read = ImportVerification._read

    def sees_all(self: Any, unseen: Any) -> set[str]:
        read(self, unseen)
        from airflow_provider_gong.ledger.rows import Reading

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


def foreign_answers_withdraw_intents(patch: Patch) -> None:
    """Whoever answers in Gong's place makes the ledger forget what was sent."""
    patch.setattr(sending, "_may_be_created", lambda error: False)


def foreign_refusals_are_gongs(patch: Patch) -> None:
    """A 429 of a gateway is taken for Gong's own, which means that nothing was processed."""
    patch.setattr(Answer, "is_gongs", True)


def known_calls_get_bytes_without_a_look(patch: Patch) -> None:
    """What the ledger says of a recording is believed, and Gong is not asked."""
    push = RowSender._push

    async def believing(self: Any, *arguments: Any, maybe_sent: bool) -> None:
        await push(self, *arguments, maybe_sent=False)

    patch.setattr(RowSender, "_push", believing)


def renewing_takes_leases_back(patch: Patch) -> None:
    """A worker that has lost a row to another one takes it back."""

    def renew(self: Any, leases: Iterable[LeasedRow], *, seconds: float) -> None:
        with self._change() as connection:
            for lease in leases:
                values = {"lease_until": db_now() + seconds, "lease_number": lease.lease_number}
                this = self._call(lease.client_unique_id)
                connection.execute(update(tables.calls).where(this).values(**values))

    patch.setattr(Ledger, "renew", renew)


def lost_plans_are_not_noticed(patch: Patch) -> None:
    """Phases take whatever is in the store for the plan."""
    patch.setattr(ImportView, "is_whole", lambda self: True)
    patch.setattr(ImportView, "is_planned", lambda self: True)
    patch.setattr(ImportView, "store_id", "any")


def snapshots_lose_calls(patch: Patch) -> None:
    """A snapshot lacks one of the calls that were there."""
    everything = JournalSync._everything

    def almost_everything(self: Any, connection: Any) -> Iterator[Any]:
        entries = list(everything(self, connection))
        calls = [entry for entry in entries if entry["kind"] == "call"]
        yield from (entry for entry in entries if entry not in calls[1:2])

    patch.setattr(JournalSync, "_everything", almost_everything)


def calls_of_others_are_not_compared(patch: Patch) -> None:
    """Whatever call has the id of a row is taken for the row's."""
    patch.setattr(existing, "differences", lambda *_: iter(()))


def wrong_is_green(patch: Patch) -> None:
    """A report does not mind rows that went wrong."""
    patch.setattr(summary, "WRONG", frozenset())


def deadlines_verify(patch: Patch) -> None:
    """What nobody has seen when time is up counts as verified."""
    patch.setattr(ImportVerification, "_last_state", lambda *_: CallState.VERIFIED)
    patch.setattr(verify, "_problem", lambda *_: None)


# What is switched off, which kinds of faults and places show it, and the seed of a history in which they do.
BROKEN: tuple[tuple[Callable[[Patch], None], dict[str, Any], int], ...] = (
    (leases_are_not_fenced, {"places": ("sqlite",)}, 14),
    (rows_are_claimed_twice, {"places": ("sqlite",)}, 40),
    (nobody_looks_before_bytes_go_again, {}, 6),
    (intents_are_not_kept, {"places": ("sqlite",)}, 14),
    (intents_are_not_in_the_journal, {"places": ("folder",)}, 11),
    (digests_are_not_checked, {"places": ("folder",), "kinds": frozenset({"damaged folder"})}, 4),
    (everything_counts_as_seen, {"places": ("sqlite",)}, 1),
    (unfinished_is_green, {}, 6),
    (slots_are_not_spaced, {"places": ("sqlite",)}, 0),
    (gates_do_not_close, {"places": ("sqlite",), "kinds": frozenset({"Gong's 429"})}, 0),
    (
        foreign_answers_withdraw_intents,
        {"places": ("sqlite",), "kinds": frozenset({"final foreign answers after the effect"})},
        0,
    ),
    (foreign_refusals_are_gongs, {"places": ("sqlite",), "kinds": frozenset({"foreign 429"})}, 0),
    (known_calls_get_bytes_without_a_look, {}, 3),
    (renewing_takes_leases_back, {"places": ("sqlite",)}, 12),
    (lost_plans_are_not_noticed, {"places": ("sqlite",), "kinds": frozenset({"lost store", "restored store"})}, 5),
    (snapshots_lose_calls, {"places": ("folder",), "kinds": frozenset()}, 1),
    (calls_of_others_are_not_compared, {"places": ("sqlite",), "kinds": frozenset({"calls of others"})}, 0),
    (wrong_is_green, {"kinds": frozenset({"short patience"})}, 0),
    (deadlines_verify, {"kinds": frozenset({"short patience"})}, 0),
    (redirects_are_followed, {"kinds": frozenset({"foreign answers before the effect"})}, 2),
)
