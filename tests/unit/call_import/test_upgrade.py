"""Imports that an earlier package has begun, in a store and in a folder, are finished by this one."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.intent_record import IntentRecord
from airflow_provider_gong.store.intents import IntentState
from tests.support.media import Files
from tests.support.recordings import manifest_row, write_night, write_wav
from tests.unit.call_import.conftest import NightlyImport
from tests.unit.call_import.test_import_path import FolderImport

pytestmark = pytest.mark.slow

# Written by the package of commit 52b42ab, see its README.md. Rows are in every state; one upload was killed in the
# middle of a recording, one before the ledger had the call, one after the key was refused. Gong is described beside it.
WRITTEN = Path(__file__).parents[2] / "fixtures" / "schema_4"
FOLDER = "/fixture"


class Gong:
    """What Gong held when the fixture was written, in an emulator."""

    def __init__(self, night: NightlyImport, written: Mapping[str, Any]) -> None:
        self._night = night
        self._host = next(user for user in night.emulator.state()["users"] if user["emailAddress"].startswith("tobias"))
        # Ids of Gong as the fixture has them, and as they are now.
        self.ids = {written["host"]: self._host["id"]}
        for call in written["calls"]:
            self.ids[call["id"]] = self._create(call)

    def _create(self, call: Mapping[str, Any]) -> str:
        host, ident, recording = self._host["id"], call["clientUniqueId"], call["recording"]
        fields = {"clientUniqueId": ident, "actualStart": call["started"], "direction": "Outbound"}
        url = {"downloadMediaUrl": f"https://files.example.com/{ident}.wav"} if recording == "pulled" else {}
        with self._night.client() as client:
            created = client.calls.create({**fields, **url, "primaryUser": host, "parties": [{"userId": host}]})
            if recording in ("received", "discarded"):
                place = self._night.folder / f"recordings/{ident.removeprefix('pbx-')}.wav"
                if recording == "discarded":
                    place = write_wav(self._night.folder / "short.wav", seconds=30, seed=1)
                client.calls.upload_media(created.call_id, place)
        return created.call_id

    def now(self, text: str) -> str:
        """Return a text of the fixture with the ids and the folder of now."""
        for then, now in self.ids.items():
            text = text.replace(then, now)
        return text.replace(FOLDER, str(self._night.folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_night(tmp_path, [manifest_row(number) for number in range(1, 24)])
    return tmp_path


@pytest.fixture
def store(folder: Path, emulator: RunningEmulator) -> Store:
    """Return the store of an earlier package."""
    gong = Gong(NightlyImport(emulator, Store.in_folder(folder / "unused"), folder), read_json("store_gong.json"))
    (folder / "gong").mkdir()
    with contextlib.closing(sqlite3.connect(folder / "gong" / "gong_store.db")) as connection, connection:
        connection.executescript(gong.now((WRITTEN / "store.sql").read_text()))
        # The clock of this machine may be behind that of the fixture.
        connection.execute("UPDATE gong_call SET lease_until = 1 WHERE lease_until IS NOT NULL")
    return Store.in_folder(folder / "gong")


def read_json(name: str) -> Any:
    return json.loads((WRITTEN / name).read_text())


ENDED = {
    "pbx-00001": "verified",
    "pbx-00002": "changed_after_send",
    "pbx-00003": "withdrawn",
    "pbx-00004": "incomplete",
    "pbx-00005": "verified",
    "pbx-00006": "failed",
    "pbx-00007": "not_visible",
    "pbx-00008": "verified",
    "pbx-00009": "verified",
    "pbx-00010": "verified",
    "pbx-00011": "verified",
    "pbx-00012": "verified",
    "pbx-00013": "verified",
    "pbx-00014": "rejected",
}


def assert_finished(night: NightlyImport) -> None:
    night.upload(owner="night/1")
    night.emulator.advance(3600)
    assert night.verify(timeout=0) is None
    assert night.states() == ENDED
    calls, rows = night.calls_in_gong(), night.rows()
    verified = [ident for ident, state in ENDED.items() if state == "verified"]
    assert {rows[ident].call_id for ident in verified} == {calls[ident]["id"] for ident in verified}
    assert {calls[ident]["media"]["received"] for ident in verified} == {1}
    assert night.summary()["wrong"] == 5
    assert rows["pbx-00006"].burned


def test_an_import_of_an_earlier_store_is_finished(store: Store, emulator: RunningEmulator, folder: Path) -> None:
    assert_finished(NightlyImport(emulator, store, folder))


def test_recordings_that_gong_fetches_have_their_place_in_the_url_of_an_earlier_plan(
    store: Store, emulator: RunningEmulator, folder: Path
) -> None:
    night = NightlyImport(emulator, store, folder, "blind night")
    assert night.states() == {"pbx-00021": "unverifiable", "pbx-00022": "planned", "pbx-00023": "planned"}
    signed: list[str] = []

    def sign(media: Any) -> str:
        signed.append(str(media))
        return f"https://files.example.com/{media.name}?signature=2"

    before = night.media_requests()
    night.upload(storage=Files(sign=sign))
    assert signed == [str(folder / "recordings/00023.wav")]
    assert night.media_requests() == before
    night.finish()
    assert set(night.states().values()) == {"verified"}


def test_a_plan_replaces_that_of_an_earlier_store(store: Store, emulator: RunningEmulator, folder: Path) -> None:
    night = NightlyImport(emulator, store, folder)
    night.plan_night([manifest_row(number) for number in range(1, 15)])
    states = night.states()
    assert states["pbx-00002"] == "verified"
    assert states["pbx-00003"] == states["pbx-00014"] == "planned"


def test_a_meeting_whose_answer_was_lost_is_still_not_created_again(store: Store) -> None:
    lost = IntentRecord(store, "meetings/create/manual__2026-03-02/-1").find()
    done = IntentRecord(store, "meetings/create/manual__done/-1").find()
    assert lost is not None
    assert done is not None
    assert (lost.state, done.state) == (IntentState.SENDING, IntentState.DONE)
    assert done.outcome is not None
    assert done.outcome["meeting_id"] == "6428103619268565038"


def test_an_import_of_an_earlier_journal_is_finished(emulator: RunningEmulator, folder: Path) -> None:
    night = FolderImport(emulator, folder, folder / "imports")
    shutil.copytree(WRITTEN / "journal", night.import_path)
    with_calls = NightlyImport(emulator, Store.in_folder(folder / "unused"), folder)
    gong = Gong(with_calls, read_json("journal_gong.json"))
    for path in night.import_path.rglob("*.*"):
        path.write_text(gong.now(path.read_text()))
    assert_finished(night)


def test_an_earlier_store_has_rows_in_every_state(store: Store, emulator: RunningEmulator, folder: Path) -> None:
    both = (NightlyImport(emulator, store, folder, name) for name in ("night", "blind night"))
    found = {state for night in both for state in night.states().values()}
    assert found >= set(ENDED.values()) - {"incomplete"} | {
        "duplicate",
        "planned",
        "created",
        "uploaded",
        "processing",
        "unverifiable",
    }
