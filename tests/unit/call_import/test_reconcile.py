"""A fresh or restored store asks Gong once for the window of a manifest, and not row by row."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_import.report.summary import require_green
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.store.database import Store
from tests.support.recordings import manifest_row, write_manifest
from tests.unit.call_import.conftest import NightlyImport
from tests.unit.call_import.test_import_path import FolderImport
from tests.unit.call_import.test_lost_knowledge import remembered, restored

pytestmark = pytest.mark.slow

SIX_ROWS = [manifest_row(number) for number in range(1, 7)]


def imported(night: NightlyImport, number: int = 6) -> None:
    night.plan_night(SIX_ROWS[:number])
    night.upload()
    night.finish()


def fresh(night: NightlyImport) -> NightlyImport:
    """Return the import with another store, which knows nothing."""
    store = Store.in_folder(night.folder / "fresh store")
    return NightlyImport(night.emulator, store, night.folder)


def creates(night: NightlyImport) -> int:
    return len(night.emulator.requests("addCall"))


def lists(night: NightlyImport) -> int:
    return len(night.emulator.requests("listCalls"))


def test_a_fresh_store_knows_what_is_in_gong(night: NightlyImport) -> None:
    imported(night)
    before, listed = creates(night), lists(night)
    again = fresh(night)
    plan = again.plan_night([*SIX_ROWS, manifest_row(7)])
    assert (plan.estimate["already_imported"], plan.estimate["planned"]) == (6, 7)
    assert lists(night) - listed <= 4
    assert again.upload() == {"exists": 6, "uploaded": 1}
    assert creates(night) == before + 1
    again.finish()
    require_green(again.summary(), 0)


def test_the_window_is_listed_once_whatever_the_number_of_rows(night: NightlyImport) -> None:
    rows = [manifest_row(number, media=f"https://files.example.com/{number}.wav") for number in range(1, 321)]
    manifest = write_manifest(night.folder / "manifest.csv", rows)
    night.plan(manifest, media_mode="pull")
    night.upload(in_flight=16)
    night.finish()
    before = len(night.emulator.requests())
    again = fresh(night)
    assert again.plan(manifest, media_mode="pull").estimate["already_imported"] == 320
    assert again.upload() == {"exists": 320}
    again.finish()
    require_green(again.summary(), 0)
    sent = Counter(request["operation"] for request in night.emulator.requests()[before:])
    # Four pages, and before them one request each that counts the calls and asks whether the key sees any.
    assert sent == {"listUsers": 1, "listCalls": 6}


def test_a_restored_store_is_noticed(night: NightlyImport) -> None:
    night.plan_night(SIX_ROWS[:1])
    night.upload()
    backup = remembered(night)
    imported(night)
    restored(night, backup)
    before = creates(night)
    night.plan_night(SIX_ROWS)
    assert night.upload() == {"exists": 5, "uploaded": 1}
    assert creates(night) == before
    night.finish()
    require_green(night.summary(), 0)


def test_rows_are_compared_with_what_is_listed(night: NightlyImport) -> None:
    imported(night)
    changed = [SIX_ROWS[0], manifest_row(2, primary_user="lena.fischer@example.com"), *SIX_ROWS[2:]]
    again = fresh(night)
    again.plan_night(changed)
    states = again.states()
    assert states.pop("pbx-00002") in ("conflict", "rejected")
    assert set(states.values()) == {"exists"}


def test_a_new_night_costs_two_short_questions(night: NightlyImport, other: NightlyImport) -> None:
    imported(night, 2)
    before = lists(night)
    other.plan_night(SIX_ROWS[2:])
    # One of them asks whether the key sees calls.
    assert lists(night) - before <= 3
    assert set(other.states().values()) == {"planned"}


def test_a_dry_run_says_what_is_in_gong_and_writes_nothing(night: NightlyImport) -> None:
    imported(night)
    again = fresh(night)
    manifest = night.folder / "manifest.csv"
    assert again.plan(manifest, dry_run=True).estimate["already_imported"] == 6
    assert not again.ledger.is_planned()
    assert again.plan(manifest).estimate["already_imported"] == 6


def test_a_key_that_sees_nothing_says_nothing(night: NightlyImport) -> None:
    imported(night)
    night.emulator.set(key_sees_calls=False)
    again = fresh(night)
    assert again.plan_night(SIX_ROWS).estimate["already_imported"] == 0
    night.emulator.set(key_sees_calls=True)
    assert again.upload() == {"duplicate": 6}
    again.finish()
    assert set(again.states().values()) == {"exists"}


def test_an_import_in_another_folder_is_noticed(emulator: RunningEmulator, tmp_path: Path) -> None:
    night = FolderImport(emulator, tmp_path, tmp_path / "imports")
    imported(night)
    before = creates(night)
    again = FolderImport(emulator, tmp_path, tmp_path / "others")
    assert again.plan_night(SIX_ROWS).estimate["already_imported"] == 6
    assert set(again.states().values()) == {"exists"}
    again.upload()
    require_green(again.summary(), 0)
    assert creates(night) == before


@pytest.mark.parametrize("number", [1, 2])
def test_few_rows_are_not_worth_a_list(night: NightlyImport, number: int) -> None:
    imported(night)
    before = lists(night)
    fresh(night).plan_night(SIX_ROWS[:number])
    assert lists(night) - before <= 3


@pytest.mark.parametrize(
    "records", ["none", [], {"totalRecords": "many"}, {"totalRecords": [1]}, {"totalRecords": 1e999}]
)
def test_a_number_of_calls_that_is_none_is_not_used(night: NightlyImport, records: Any) -> None:
    """Something else answers the question for the number; then rows are asked for one by one."""
    imported(night, 3)
    text = json.dumps({"requestId": "x", "records": records, "calls": []})
    again = fresh(night)
    # The first one asks whether the key sees calls.
    night.emulator.add_faults(Fault(action="answer", operation="listCalls", nth=2, status=200, body=text))
    assert again.plan_night(SIX_ROWS[:3]).estimate["already_imported"] == 0
    assert again.upload() == {"duplicate": 3}
    again.finish()
    require_green(again.summary(), 0)
