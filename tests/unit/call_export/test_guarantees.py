"""What an export promises, whatever happens to Gong, to the key, or to the process."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_export.days import day_range
from airflow_provider_gong.call_export.errors import GongExportSettingsError, GongExportShrinkError
from airflow_provider_gong.call_export.export import CallExport
from airflow_provider_gong.call_export.storage.identity import claim
from airflow_provider_gong.client.errors import GongError, GongPermissionError
from airflow_provider_gong.emulator.faults import Fault
from tests.support.memory_store import Killed
from tests.unit.call_export.conftest import FIRST, GRACE, LAST, PRIYA, TOBIAS, Company, a_day

pytestmark = pytest.mark.slow

ALL = [f"seed-{number}" for number in range(1, 6)]


def other_workspace(company: Company) -> str:
    workspaces = company.client.run("listWorkspaces")["workspaces"]
    return str(workspaces[1]["id"])


# Unchanged.


def test_an_unchanged_interval_writes_nothing(company: Company) -> None:
    company.export()
    before = company.files()
    company.advance(days=40)
    run = company.export()
    assert company.files() == before
    assert run.figures.changed_days == []


def test_a_changed_call_changes_its_day_and_no_other(company: Company) -> None:
    company.export()
    before = company.files()
    company.edit_call("seed-2", lambda call: call["metaData"].update(title="Another title"))
    run = company.export()
    assert run.figures.changed_days == ["2026-02-15"]
    changed = {path for path, file in company.files().items() if file != before.get(path)}
    assert changed == {
        "calls/started_date=2026-02-15/part-0.parquet",
        "call_documents/started_date=2026-02-15/part-0.parquet",
        "_manifests/started_date=2026-02-15.json",
    }


# Late, deleted, moved.


def test_a_late_call_is_there_after_the_next_read_of_its_day(company: Company) -> None:
    company.export()
    company.advance(days=9)
    company.add_call("late", a_day(3))
    run = company.export()
    assert company.exported() == sorted(["late", *ALL])
    assert run.figures.changed_days == ["2026-02-03"]


def test_a_late_transcript_is_waited_for(company: Company) -> None:
    company.without_transcripts("seed-5")
    company.export()
    (missing,) = company.manifest(date(2026, 2, 28)).missing
    assert missing == company.call_ids()["seed-5"]
    company.answers.edits.clear()
    company.export()
    assert company.manifest(date(2026, 2, 28)).missing == {}
    assert "seed-5" in company.exported("call_documents")


def test_a_deleted_call_is_kept_for_a_day_and_gone_with_the_next_read(company: Company) -> None:
    company.add_call("second", a_day(10))
    company.export()
    company.delete_call("second")
    assert company.export().figures.suspects == 1
    assert "second" in company.exported()
    company.advance(hours=10)
    company.export()
    assert "second" in company.exported()
    company.advance(hours=11)
    run = company.export()
    for table in ("calls", "call_documents", "call_parties", "transcript_sentences"):
        assert "second" not in " ".join(company.exported(table))
    assert run.figures.removed_calls == 1
    assert company.exported() == ALL


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_calls_that_are_kept_for_a_day_are_removed_without_an_alarm(company: Company, file_format: str) -> None:
    """Their rows are copied, and must not count as rows of more calls than there are."""
    day = date(2026, 2, 10)
    parties = [{"name": f"Guest {number}", "phoneNumber": f"+1202555010{number}"} for number in range(6)]
    for number in range(24):
        company.add_call(f"call-{number}", a_day(10), minutes=2, parties=parties)
    company.export(day, day, file_format=file_format)
    before = company.manifest(day).tables
    company.hide(*(f"call-{number}" for number in range(4)))
    company.export(day, day, file_format=file_format)
    for name, table in company.manifest(day).tables.items():
        assert (table.rows, table.calls, table.digest) == (before[name].rows, before[name].calls, before[name].digest)
    company.advance(days=1)
    assert company.export(day, day, file_format=file_format).figures.removed_calls == 4


def test_a_call_that_comes_back_was_never_gone(company: Company) -> None:
    company.export()
    before = company.rows("calls")
    company.hide("seed-1")
    company.export()
    company.advance(days=2)
    company.answers.edits.clear()
    company.export()
    company.advance(days=2)
    company.hide("seed-1")
    company.export()
    assert company.rows("calls") == before


def test_a_call_that_gong_shows_only_when_asked_for_it_is_kept(company: Company) -> None:
    company.export()
    gone = company.call_ids()["seed-1"]

    def hide(path: str, body: dict[str, dict[str, str]], answer: dict[str, list[dict[str, dict[str, str]]]]) -> None:
        if path.endswith("/extensive") and "callIds" not in body["filter"]:
            answer["calls"] = [call for call in answer["calls"] if call["metaData"]["id"] != gone]

    company.answers.edits.append(hide)
    for _ in range(3):
        company.export()
        company.advance(days=2)
    assert company.exported() == ALL


@pytest.mark.parametrize("order", ["old day first", "new day only", "old day only"])
def test_a_call_that_moves_leaves_its_old_day_at_once(company: Company, order: str) -> None:
    company.add_call("other", a_day(12, hour=15))
    company.export()
    company.move("seed-1", a_day(12))
    old, new = date(2026, 2, 10), date(2026, 2, 12)
    days = {"old day first": (old, new), "new day only": (new, new), "old day only": (old, old)}
    company.export(*days[order])
    assert company.rows("calls", old) == []
    assert {row["title"] for row in company.rows("calls", new)} == {"Call other", "Discovery with Northwind Mills"}
    assert company.exported() == sorted(["other", *ALL])


def test_a_call_that_moves_stays_in_its_old_day_until_the_new_one_lists_it(company: Company) -> None:
    company.add_call("other", a_day(12, hour=15))
    company.export()
    moved = company.call_ids()["seed-1"]

    def lag(path: str, body: dict[str, Any], answer: dict[str, Any]) -> None:
        if path.endswith("/extensive") and "callIds" not in body["filter"]:
            answer["calls"] = [call for call in answer["calls"] if call["metaData"]["id"] != moved]
        elif path.endswith("/extensive"):
            for call in answer["calls"]:
                call["metaData"]["started"] = a_day(12).isoformat()

    company.answers.edits.append(lag)
    company.export()
    assert company.exported() == sorted(["other", *ALL])
    company.answers.edits.clear()
    company.move("seed-1", a_day(12))
    company.export(date(2026, 2, 12), date(2026, 2, 12))
    assert company.rows("calls", date(2026, 2, 10)) == []
    assert company.exported() == sorted(["other", *ALL])


@pytest.mark.parametrize("writes", range(0, 20, 3))
def test_killed_while_a_call_moves_it_is_in_some_day(company: Company, writes: int) -> None:
    company.use_object_store()
    company.add_call("other", a_day(12, hour=15))
    company.add_call("gone", a_day(12, hour=16))
    company.export(tables=["calls"])
    moved = company.call_ids()["seed-1"]
    company.delete_call("gone")
    company.move("seed-1", a_day(12))
    company.store.dies_at = writes
    with contextlib.suppress(Killed):
        company.export(tables=["calls"])
    company.store.dies_at = None
    assert any(moved in manifest.calls for manifest in company.manifests())


@pytest.mark.parametrize("writes", range(2, 8))
@pytest.mark.parametrize("target", [13, 10], ids=["a third day", "the other's day"])
def test_killed_while_several_calls_move_each_is_in_some_day(company: Company, writes: int, target: int) -> None:
    company.use_object_store()
    days = date(2026, 2, 10), date(2026, 2, 13)
    company.add_call("other", a_day(12, hour=15))
    for number in (10, 12, 13):
        company.add_call(f"stays-{number}", a_day(number, hour=16))
        company.add_call(f"gone-{number}", a_day(number, hour=17))
    company.export(*days, tables=["calls"])
    for number in (10, 12, 13):
        company.delete_call(f"gone-{number}")
    company.move("seed-1", a_day(12))
    company.move("other", a_day(target, hour=15))
    moved = {company.call_ids()[name] for name in ("seed-1", "other")}
    company.store.dies_at = writes
    with contextlib.suppress(Killed):
        company.export(*days, tables=["calls"])
    assert moved <= {call_id for manifest in company.manifests() for call_id in manifest.calls}
    company.store.dies_at = None
    company.export(*days, tables=["calls"])
    company.export(*days, tables=["calls"])
    held = {manifest.day: manifest.calls.keys() & moved for manifest in company.manifests()}
    assert {day: calls for day, calls in held.items() if calls} == {
        date(2026, 2, 12): {company.call_ids()["seed-1"]},
        date(2026, 2, target): {company.call_ids()["other"]},
    }


def test_calls_that_trade_places_are_in_one_day_each(company: Company) -> None:
    company.add_call("other", a_day(12, hour=15))
    company.export()
    company.move("seed-1", a_day(12))
    company.move("other", a_day(10))
    company.export()
    assert {row["title"] for row in company.rows("calls", date(2026, 2, 10))} == {"Call other"}
    assert {row["title"] for row in company.rows("calls", date(2026, 2, 12))} == {"Discovery with Northwind Mills"}
    assert company.exported() == sorted(["other", *ALL])


@pytest.mark.parametrize("days", [(10, 12), (12, 12)])
def test_a_call_stays_where_it_was_while_its_new_day_is_not_believed(company: Company, days: tuple[int, int]) -> None:
    for number in range(8):
        company.add_call(f"other-{number}", a_day(12, hour=15))
    company.export()
    company.edit_calls(lambda call: call.update(parties=[]) if "other" in call["metaData"]["clientUniqueId"] else None)
    company.move("seed-1", a_day(12))
    first, last = days
    company.export(date(2026, 2, first), date(2026, 2, last), on_shrink="keep")
    assert "seed-1" in company.exported()


# The key, the workspace, the scopes.


def test_a_blind_key_deletes_nothing(company: Company) -> None:
    company.export()
    before = company.files()
    company.emulator.set(key_sees_calls=False)
    for _ in range(3):
        with pytest.raises(GongExportShrinkError, match="sees no calls at all"):
            company.export()
        company.advance(days=2)
    assert company.files() == before
    company.emulator.set(key_sees_calls=True)
    assert company.export().figures.changed_days == []


def test_a_blind_key_does_not_call_new_days_empty(company: Company) -> None:
    company.export(last=date(2026, 2, 20))
    company.emulator.set(key_sees_calls=False)
    with pytest.raises(GongExportShrinkError):
        company.export(first=date(2026, 2, 21))
    assert company.folder.manifest(date(2026, 2, 28)) is None


def test_a_blind_key_exports_no_empty_company(company: Company) -> None:
    company.emulator.set(key_sees_calls=False)
    with pytest.raises(GongExportShrinkError, match="sees no calls at all"):
        company.export()
    assert company.files() == {}


def test_a_key_that_loses_a_workspace_deletes_nothing(company: Company) -> None:
    workspace = other_workspace(company)
    company.edit_call("seed-3", lambda call: call["metaData"].update(workspaceId=workspace))
    company.export()
    before = company.files()
    company.answers.edits.clear()
    gone = company.call_ids()["seed-3"]

    def lose(path: str, _: object, answer: dict[str, list[dict[str, dict[str, str]]]]) -> None:
        if path.endswith("/extensive"):
            answer["calls"] = [call for call in answer["calls"] if call["metaData"]["id"] != gone]

    company.answers.edits.append(lose)
    with pytest.raises(GongExportShrinkError, match=f"workspace {workspace}"):
        company.export()
    assert company.files() == before


def test_too_many_calls_of_many_hosts_are_not_believed_to_be_deleted(company: Company) -> None:
    for number in range(12):
        company.add_call(f"more-{number}", a_day(11 + number // 6), [TOBIAS, PRIYA, GRACE][number % 3])
    company.export()
    before = company.files()
    for number in range(6):
        company.delete_call(f"more-{number}")
    with pytest.raises(GongExportShrinkError, match="6 of 17 exported calls are gone"):
        company.export()
    assert company.files() == before
    company.export(on_shrink="keep")
    company.advance(days=2)
    company.export(on_shrink="keep")
    assert len(company.exported()) == 17
    company.export(on_shrink="accept")
    assert len(company.exported()) == 11


@pytest.mark.parametrize("scope", ["api:calls:read:transcript", "api:calls:read:extensive"])
def test_a_lost_scope_deletes_nothing(company: Company, scope: str) -> None:
    company.export()
    before = company.files()
    scopes = {"api:calls:read:transcript", "api:calls:read:extensive", "api:calls:read:basic"} - {scope}
    company.emulator.set(scopes=" ".join(sorted(scopes)))
    with pytest.raises(GongPermissionError):
        company.export()
    assert company.files() == before


def test_a_table_that_loses_its_rows_is_not_believed(company: Company) -> None:
    for number in range(6):
        company.add_call(f"more-{number}", a_day(11))
    company.export()
    before = company.files()
    company.edit_calls(lambda call: call.pop("parties"))
    with pytest.raises(GongExportShrinkError, match="table call_parties has lost the rows of 11 of 11 calls"):
        company.export()
    assert company.rows("call_parties", date(2026, 2, 11))
    assert company.files() == before
    company.export(on_shrink="keep")
    assert company.files() == before


def test_transcripts_that_vanish_are_not_believed(company: Company) -> None:
    for number in range(6):
        company.add_call(f"more-{number}", a_day(11))
    company.export()
    before = company.files()
    company.without_transcripts(*company.call_ids())
    with pytest.raises(GongExportShrinkError, match="11 of 11 transcripts are gone"):
        company.export()
    assert company.files() == before


def test_a_transcript_that_vanishes_is_kept_for_a_day(company: Company) -> None:
    company.export()
    before = company.rows("transcript_sentences")
    company.without_transcripts("seed-1")
    company.export()
    assert company.rows("transcript_sentences") == before
    company.advance(days=1)
    company.export()
    assert company.exported("call_documents") == ALL[1:]


@pytest.mark.parametrize("status", [404, 401, 403, 500])
def test_a_gateway_in_gongs_place_deletes_nothing(company: Company, status: int) -> None:
    company.export()
    before = company.files()
    refused = Fault(action="status", operation="listCallsExtensive", every=1, status=status, text="Sign in")
    company.emulator.add_faults(refused)
    with pytest.raises(GongError):
        company.export()
    assert company.files() == before


# Private calls, settings, filters.


def test_private_calls_are_left_out(company: Company) -> None:
    company.make_private("seed-2")
    asked: list[str] = []
    company.answers.edits.append(lambda _, body, __: asked.extend(body["filter"].get("callIds", ())))
    run = company.export()
    assert company.exported() == ["seed-1", "seed-3", "seed-4", "seed-5"]
    assert len(asked) == 4
    assert company.call_ids()["seed-2"] not in asked
    assert run.figures.private_calls == 1


def test_a_call_that_becomes_private_is_gone_at_once(company: Company) -> None:
    company.export()
    company.make_private("seed-2")
    company.export()
    for table in company.settings().tables:
        assert company.call_ids()["seed-2"] not in {row["call_id"] for row in company.rows(table)}
    assert company.call_ids()["seed-2"].encode() not in b"".join(content for _, content in company.files().values())


def test_private_calls_are_exported_when_asked_for(company: Company) -> None:
    company.make_private("seed-2")
    company.export(include_private=True)
    assert company.exported() == ALL
    company.export()
    assert company.exported() == ["seed-1", "seed-3", "seed-4", "seed-5"]


def test_a_private_call_is_not_kept_when_it_vanishes(company: Company) -> None:
    company.add_call("more", a_day(15), PRIYA)
    company.make_private("more")
    company.export(include_private=True)
    company.delete_call("more")
    company.export()
    assert "more" not in company.exported()


@pytest.mark.parametrize(
    "settings",
    [
        {"tables": ["calls"]},
        {"file_format": "jsonl"},
        {"exclude_columns": ["title", "email_address"]},
        {"tables": ["call_documents"], "file_format": "jsonl"},
    ],
)
def test_changed_settings_leave_nothing_of_the_old_ones(company: Company, settings: dict[str, object]) -> None:
    claim(company.folder, company.settings(), "us-1")
    company.export()
    claim(company.folder, company.settings(**settings), "us-1")
    company.export(**settings)
    changed = {path: content for path, (_, content) in company.files().items()}
    company.root = company.root / "fresh"
    company.root.mkdir()
    company.folder = type(company.folder)(company.folder._fs, str(company.root / "export"))
    claim(company.folder, company.settings(**settings), "us-1")
    company.export(**settings)
    fresh = {path: content for path, (_, content) in company.files().items()}
    assert changed.keys() == fresh.keys()
    tables = {path for path in fresh if not path.startswith("_")}
    assert {path: changed[path] for path in tables} == {path: fresh[path] for path in tables}


def test_another_filter_needs_another_folder(company: Company) -> None:
    claim(company.folder, company.settings(), "us-1")
    claim(company.folder, company.settings(include_private=True), "us-1")
    for settings, who in (({"workspace_id": "7"}, "us-1"), ({"primary_user_ids": ["7"]}, "us-1"), ({}, "us-2")):
        with pytest.raises(GongExportSettingsError, match="use another folder"):
            claim(company.folder, company.settings(**settings), who)


# Killed, twice at once, damaged.


def test_killed_at_any_write_the_next_run_ends_right(company: Company) -> None:
    company.use_object_store()
    day = date(2026, 2, 10)
    company.export(day, day)
    old = company.whole_days()
    company.edit_call("seed-1", lambda call: call["metaData"].update(title="Another title"))
    content = company.store.content()
    company.export(day, day)
    new = company.whole_days()
    assert new != old
    for number, before in itertools.product(range(20), (True, False)):
        company.store.store.clear()
        for path, file in content.items():
            company.store.pipe_file(path, file)
        company.store.dies_at, company.store.dies_before = number, before
        try:
            company.export(day, day)
        except Killed:
            pass
        else:
            break
        company.store.dies_at = None
        manifest = company.manifest(day)
        if manifest.is_complete:
            assert company.whole_days() in (old, new)
        company.export(day, day)
        assert company.whole_days() == new
    assert number >= 4


def test_a_new_day_that_was_killed_is_written_by_the_next_run(company: Company) -> None:
    company.use_object_store()
    day = date(2026, 2, 10)
    for number in itertools.count():
        company.store.store.clear()
        company.store.dies_at = number
        try:
            company.export(day, day)
        except Killed:
            company.store.dies_at = None
            company.export(day, day)
        else:
            break
        assert len(company.manifest(day).calls) == 1
        company.whole_days()
    assert number == 8


def overtaken(company: Company, day: date, place: int) -> bool:
    """Let another run write a whole day before a write of the first run; return whether it has so many writes."""
    slow = company.run()
    company.edit_call("seed-1", lambda call: call["metaData"].update(title="Older"))
    interrupted = company.store._write
    left = place

    def meanwhile(path: str, action: object) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            company.edit_call("seed-1", lambda call: call["metaData"].update(title="Newer"))
            company.export(day, day)
        interrupted(path, action)

    company.store._write = meanwhile  # type: ignore[method-assign]
    slow.read(day)
    slow.settle()
    company.store._write = interrupted  # type: ignore[method-assign]
    return left < 0


def newest(company: Company, day: date) -> bool:
    """Return whether a day is whole and has what Gong shows by now."""
    company.whole_days()
    with company.folder.opened(company.manifest(day).tables["calls"].path) as file:
        return b"Newer" in file.read()


@pytest.mark.parametrize("place", range(8))
def test_of_two_runs_at_once_the_next_one_makes_it_right(company: Company, place: int) -> None:
    company.use_object_store()
    day = date(2026, 2, 10)
    company.export(day, day)
    was_overtaken = overtaken(company, day, place)
    # Right before its first write, it can be overtaken without noticing that.
    assert not was_overtaken or place == 0 or newest(company, day)
    company.edit_call("seed-1", lambda call: call["metaData"].update(title="Newer"))
    company.export(day, day)
    assert newest(company, day)


def test_an_erased_call_does_not_come_back_with_a_run_that_had_read_it(company: Company) -> None:
    """The run holds the day until it can judge what is missing; meanwhile, a person refreshes it."""
    for ident in ("gone", "erased"):
        company.add_call(ident, a_day(10, hour=15))
    company.export()
    day = date(2026, 2, 10)
    company.delete_call("gone")
    slow = company.run()
    slow.read(day)
    erased = [company.call_ids()["erased"]]
    company.delete_call("erased")
    CallExport(company.folder, company.settings(), "us-1").read(company.client, [day], erased=erased)
    slow.settle()
    assert "erased" not in company.exported()
    assert "seed-1" in company.exported()


@pytest.mark.parametrize("damage", ["deleted", "cut", "replaced"])
def test_a_file_that_is_not_the_manifests_is_written_again(company: Company, damage: str) -> None:
    company.export()
    right = company.whole_days()
    path = company.root / "export" / "calls" / "started_date=2026-02-10" / "part-0.parquet"
    content = path.read_bytes()
    if damage == "deleted":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "cut" else bytes(len(content)))
    run = company.export()
    assert run.figures.changed_days == ["2026-02-10"]
    assert company.whole_days() == right


def test_a_copied_folder_is_not_written_again(company: Company) -> None:
    company.export()
    for path in (company.root / "export").rglob("*.parquet"):
        path.write_bytes(path.read_bytes())
    before = company.files()
    company.export()
    assert company.files() == before


def test_a_reader_can_tell_whether_tables_belong_together(company: Company) -> None:
    company.use_object_store()
    day = date(2026, 2, 10)
    company.export(day, day)
    company.edit_call("seed-1", lambda call: call["metaData"].update(title="Another title"))
    company.store.dies_at, company.store.dies_before = 1, False
    with pytest.raises(Killed):
        company.export(day, day)
    company.store.dies_at = None
    document = company.folder.read_json("_manifests/started_date=2026-02-10.json")
    assert document is not None
    assert document["complete"] is False
    company.export(day, day)
    document = company.folder.read_json("_manifests/started_date=2026-02-10.json")
    assert document is not None
    assert document["complete"] is True


def test_transcripts_are_given_up_after_two_weeks(company: Company) -> None:
    company.without_transcripts("seed-5")
    company.export()
    assert company.manifest(date(2026, 2, 28)).missing
    company.advance(days=14)
    company.export()
    assert company.manifest(date(2026, 2, 28)).missing == {}
    (call,) = company.rows("calls", date(2026, 2, 28))
    assert call["transcript_status"] == "missing"


@pytest.mark.parametrize("ident", ["seed-1", "seed-5"])
def test_transcripts_that_were_given_up_are_not_waited_for_again(company: Company, ident: str) -> None:
    """Otherwise each sweep would have their days read every second day for two more weeks; one is from a backfill."""
    company.without_transcripts(ident)
    company.export()
    company.advance(days=15)
    for _ in range(3):
        company.export()
        assert [manifest.missing for manifest in company.manifests() if manifest.missing] == []
        company.advance(days=20)
    company.answers.edits.clear()
    company.export()
    assert ident in company.exported("call_documents")


def test_a_late_call_in_an_old_day_is_waited_for(company: Company) -> None:
    company.export()
    company.advance(days=40)
    company.add_call("late", a_day(3))
    company.without_transcripts("late")
    company.export()
    assert list(company.manifest(date(2026, 2, 3)).missing) == [company.call_ids()["late"]]


@pytest.mark.parametrize("file_format", ["parquet", "jsonl"])
def test_days_that_wait_for_a_judgment_keep_no_file_open(company: Company, file_format: str) -> None:
    company.add_call("beside", a_day(15, hour=20))
    company.export(file_format=file_format)
    before = sentences_and_calls(company)
    company.delete_call("beside")
    run = company.run(file_format=file_format)
    opened = open_files()
    for day in day_range(FIRST, LAST):
        run.read(day)
    assert run.figures.days_read < len(list(day_range(FIRST, LAST)))
    assert open_files() == opened
    # The call is kept for now, so rows are added to the files of its day.
    run.settle()
    assert run.figures.suspects == 1
    assert sentences_and_calls(company) == before


def sentences_and_calls(company: Company) -> list[set[tuple[Any, ...]]]:
    return [
        {(row["call_id"], row.get("started_datetime"), row.get("sentence")) for row in company.rows(table)}
        for table in ("calls", "transcript_sentences")
    ]


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_killed_worker_leaves_no_temporary_folder_behind(
    company: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run removes what it has left, and nothing that a living one uses."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    killed, living = (subprocess.Popen([sys.executable, "-c", _HOLDS_A_FOLDER], **pipes) for _ in range(2))
    with killed, living:
        left, used = (Path(process.stdout.readline().strip()) for process in (killed, living) if process.stdout)
        killed.kill()
        killed.wait()
        assert left.exists()
        CallExport(company.folder, company.settings(), "us-1").read(company.client, [FIRST])
        assert (left.exists(), used.exists()) == (False, True)
        living.communicate("end")
    assert not list(tmp_path.glob("gong-*"))


_HOLDS_A_FOLDER = """
from airflow_provider_gong._scratch import scratch_folder
with scratch_folder("gong-export-") as folder:
    (folder / "part-0").write_text("rows")
    print(folder, flush=True)
    input()
"""
