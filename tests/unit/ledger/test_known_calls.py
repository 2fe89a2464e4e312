"""What imports of a company have sent, as the plan of the next one asks for it."""

from __future__ import annotations

from airflow_provider_gong.ledger.imports import Imports
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, KnownRecording, Reading
from airflow_provider_gong.store.database import Store
from tests.unit.ledger.conftest import create, plan, upload

SIZE = 5


def send(ledger: Ledger, sha256: str) -> None:
    ledger.uploaded(create(ledger), sha256)


def test_calls_are_finished_when_nothing_is_left_to_be_done(night: Ledger, store: Store) -> None:
    idents = [f"pbx-{number}" for number in range(1, 5)]
    plan(night, *idents)
    upload(night)
    create(night)
    night.exists_elsewhere(create(night), "77")
    known = KnownCalls(store, "example")
    assert known.finished(idents) == {"pbx-3"}
    night.read_back([Reading("pbx-1", CallState.VERIFIED)])
    assert known.finished(idents) == {"pbx-1", "pbx-3"}
    assert known.finished(["pbx-1", "x"]) == {"pbx-1"}
    assert known.finished([]) == KnownCalls(store, "another company").finished(idents) == set()


def test_recordings_are_found_by_length_and_content(night: Ledger, store: Store) -> None:
    plan(night, "pbx-1", "pbx-2")
    create(night)
    send(night, "abc")
    known = KnownCalls(store, "example")
    assert known.recorded_sizes([SIZE, SIZE + 1]) == {SIZE}
    assert known.recordings([SIZE], ["abc", "def"]) == [KnownRecording("abc", "pbx-2", "77")]
    assert known.recordings([SIZE + 1], ["abc"]) == known.recordings([SIZE], ["def"]) == []
    elsewhere = KnownCalls(store, "another company")
    assert elsewhere.recorded_sizes([SIZE]) == set()
    assert elsewhere.recordings([SIZE], ["abc"]) == []


def test_recordings_stay_known_when_their_import_is_forgotten(night: Ledger, store: Store) -> None:
    plan(night, "pbx-1")
    send(night, "abc")
    night.read_back([Reading("pbx-1", CallState.VERIFIED)])
    Imports(store).forget(night)
    known = KnownCalls(store, "example")
    assert known.recorded_sizes([SIZE]) == {SIZE}
    assert [found.client_unique_id for found in known.recordings([SIZE], ["abc"])] == ["pbx-1"]
