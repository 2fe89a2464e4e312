from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.intent_record import IntentRecord
from airflow_provider_gong.store.intents import ContentTakenError, Intent, IntentState, fingerprint_of
from airflow_provider_gong.store.schema import intent_table
from tests.support.processes import together

RUN = "meetings/create/scheduled__2026-03-02T00:00:00+00:00"
KEY = f"{RUN}/-1"
CONTENT = fingerprint_of({"title": "Pricing", "invitees": [{"email": "buyer@example.com"}]})
BEGUN = Intent("addMeeting", 1)


def sending(intent: Intent, content: str = CONTENT) -> Intent:
    return replace(
        intent,
        state=IntentState.SENDING,
        company="acme",
        content=content,
        about="the meeting 'Pricing'",
        sent_at=1_790_000_000.5,
    )


@pytest.fixture
def record(store: Store) -> IntentRecord:
    return IntentRecord(store, KEY, unique=True)


def mapped(store: Store, index: int, *, unique: bool = True) -> IntentRecord:
    return IntentRecord(store, f"{RUN}/{index}", unique=unique)


def begin(record: IntentRecord, intent: Intent | None = None) -> Intent:
    begun = intent or Intent("addMeeting", 1)
    assert record.replace(None, begun)
    return begun


def test_nothing_is_found_at_first(record: IntentRecord) -> None:
    assert record.find() is None


def test_each_state_is_found_as_it_was_recorded(record: IntentRecord) -> None:
    last: Intent | None = None
    sent = sending(BEGUN)
    done = replace(sent, state=IntentState.DONE, outcome={"meeting_id": "7782342274025937895"})
    for intent in (BEGUN, sent, replace(sent, state=IntentState.REFUSED), sent, done):
        assert record.replace(last, intent)
        assert record.find() == intent
        last = intent


def test_each_attempt_has_a_token_of_its_own() -> None:
    tokens = {Intent("addMeeting", 1).attempt for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {8}


def test_a_later_attempt_takes_over_and_the_earlier_one_may_not_send(record: IntentRecord) -> None:
    first = begin(record)
    second = Intent("addMeeting", 2)
    assert record.replace(first, second)
    assert not record.replace(first, sending(first))
    assert record.find() == second
    assert record.replace(second, sending(second))


def test_what_is_being_sent_is_not_taken_over_by_an_attempt_that_has_not_seen_it(record: IntentRecord) -> None:
    first = begin(record)
    assert record.replace(first, sending(first))
    assert not record.replace(first, Intent("addMeeting", 2))
    assert record.find() == sending(first)


def test_of_two_attempts_that_begin_at_once_one_is_told(record: IntentRecord) -> None:
    begin(record)
    assert not record.replace(None, Intent("addMeeting", 1))


def test_tasks_do_not_touch_each_other(store: Store, record: IntentRecord) -> None:
    first = begin(record)
    other = IntentRecord(store, f"{KEY}0", unique=True)
    assert other.find() is None
    begin(other)
    assert record.find() == first


@pytest.mark.parametrize("state", [IntentState.SENDING, IntentState.DONE])
def test_the_same_content_is_refused_under_another_map_index(store: Store, state: IntentState) -> None:
    first = begin(mapped(store, 0))
    sent = replace(sending(first), state=state)
    assert mapped(store, 0).replace(first, sent)
    second = begin(mapped(store, 1))
    for refused in (
        lambda: mapped(store, 1).check_content(CONTENT),
        lambda: mapped(store, 1).replace(second, sending(second)),
    ):
        with pytest.raises(ContentTakenError) as caught:
            refused()
        assert (caught.value.map_index, caught.value.intent) == (0, sent)
    assert mapped(store, 1).find() == second


def test_other_content_under_another_map_index_is_fine(store: Store) -> None:
    for index in range(3):
        begun = begin(mapped(store, index))
        mapped(store, index).check_content(f"content {index}")
        assert mapped(store, index).replace(begun, sending(begun, f"content {index}"))


@pytest.mark.parametrize("state", [IntentState.BEGUN, IntentState.REFUSED])
def test_content_that_was_not_sent_is_free_for_other_map_indexes(store: Store, state: IntentState) -> None:
    first = begin(mapped(store, 0))
    assert mapped(store, 0).replace(first, sending(first))
    assert mapped(store, 0).replace(sending(first), replace(sending(first), state=state))
    second = begin(mapped(store, 1))
    assert mapped(store, 1).replace(second, sending(second))


def test_content_that_gong_recognizes_may_be_sent_by_several_map_indexes(store: Store) -> None:
    for index in range(2):
        record = mapped(store, index, unique=False)
        begun = begin(record)
        record.check_content(CONTENT)
        assert record.replace(begun, sending(begun))


def test_content_of_another_run_is_no_matter(store: Store) -> None:
    for run in ("meetings/create/run_1", "meetings/create/run_2", "meetings/other/run_1"):
        record = IntentRecord(store, f"{run}/0", unique=True)
        begun = begin(record)
        assert record.replace(begun, sending(begun))


def test_an_intent_survives_its_process(store: Store, database_url: str, record: IntentRecord) -> None:
    begun = begin(record)
    assert record.replace(begun, sending(begun))
    again = Store(database_url)
    assert IntentRecord(again, KEY).find() == sending(begun)
    again.close()


def begin_and_send(url: str, keys: list[str], go: Any, results: Any) -> None:
    """Take over what is there and send; return whether this process may."""
    store = Store(url)
    assert store.id
    go.wait(60)
    record = IntentRecord(store, keys[0], unique=True)
    found, begun = record.find(), Intent("addMeeting", 1)
    may = (found is None or found.state.may_send) and record.replace(found, begun)
    results.put(bool(may and record.replace(begun, sending(begun))))


def send_same_content(url: str, count: int, go: Any, results: Any) -> None:
    """Send the same as the other map indexes of the task; return whether this process may."""
    store = Store(url)
    index = secrets_index(store, count)
    record = mapped(store, index)
    begun = begin(record)
    go.wait(60)
    try:
        results.put(record.replace(begun, sending(begun)))
    except ContentTakenError:
        results.put(False)


def secrets_index(store: Store, count: int) -> int:
    """Claim a map index that no other process has."""
    for index in range(count):
        if IntentRecord(store, f"claims/{index}").replace(None, Intent("addMeeting", 1)):
            return index
    raise AssertionError("no index is left")


@pytest.mark.slow
def test_of_processes_that_run_one_task_exactly_one_sends(database_url: str) -> None:
    Store(database_url).close()
    sent = together(8, begin_and_send, database_url, [KEY])
    assert sent.count(True) == 1


@pytest.mark.slow
def test_of_map_indexes_with_one_content_exactly_one_sends(database_url: str) -> None:
    assert sorted(together(6, send_same_content, database_url, 6)) == [False] * 5 + [True]


def test_store_that_fails_keeps_the_request_from_being_sent(tmp_path: Path) -> None:
    (tmp_path / "gong_store.db").mkdir()
    with pytest.raises(GongStoreError, match="cannot be opened"):
        IntentRecord(Store.in_folder(tmp_path), KEY).find()


def test_fields_of_a_newer_package_are_no_obstacle() -> None:
    assert Intent.of_json({**BEGUN.as_json(), "colour": "blue"}) == BEGUN


def first_version(store: Store, key: str, *, outcome: str | None = None, content: str = CONTENT) -> None:
    """Write what the first version of the store has recorded."""
    values = {"key": key, "operation": "addMeeting", "fingerprint": content, "outcome": outcome, "created_at": 1.0}
    with store.quick.begin() as connection:
        connection.execute(insert(intent_table).values(**values))


def test_a_pending_meeting_of_the_first_version_is_pending(store: Store, record: IntentRecord) -> None:
    first_version(store, f"us-1.api.gong.io/{KEY}")
    found = record.find()
    assert found is not None
    assert (found.state, found.company, found.content) == (IntentState.SENDING, "us-1.api.gong.io", CONTENT)
    assert len(found.attempt) == 8
    assert record.find() == found
    assert record.replace(found, Intent("addMeeting", 3))


def test_a_meeting_of_the_first_version_is_found(store: Store, record: IntentRecord) -> None:
    first_version(store, f"us-1.api.gong.io/{KEY}", outcome='{"meeting_id": "1"}')
    found = record.find()
    assert found is not None
    assert (found.state, found.outcome) == (IntentState.DONE, {"meeting_id": "1"})


@pytest.mark.parametrize("company", ["acme", "acme/eu", "100%_acme"])
def test_the_company_of_the_first_version_may_be_anything(store: Store, record: IntentRecord, company: str) -> None:
    first_version(store, f"{company}/{KEY}")
    found = record.find()
    assert found is not None
    assert found.company == company


@pytest.mark.parametrize(
    "key", [f"acme/other_{KEY}", f"acme/{KEY}0", f"acme/{KEY.upper()}", "acme/meetings/create/r/-1"]
)
def test_other_tasks_of_the_first_version_are_no_matter(store: Store, record: IntentRecord, key: str) -> None:
    first_version(store, key)
    assert record.find() is None


def test_of_two_companies_of_the_first_version_the_pending_one_counts(store: Store, record: IntentRecord) -> None:
    first_version(store, f"acme/{KEY}", outcome='{"meeting_id": "1"}')
    first_version(store, f"us-1.api.gong.io/{KEY}")
    found = record.find()
    assert found is not None
    assert (found.state, found.company) == (IntentState.SENDING, "us-1.api.gong.io")


def test_what_the_first_version_sent_is_refused_under_another_map_index(store: Store) -> None:
    first_version(store, f"acme/{RUN}/0")
    first_version(store, f"acme/{RUN}/1")
    begin(mapped(store, 2))
    with pytest.raises(ContentTakenError) as caught:
        mapped(store, 2).check_content(CONTENT)
    assert caught.value.map_index == 0
    for index in range(2):
        found = mapped(store, index).find()
        assert found is not None
        assert found.state is IntentState.SENDING


def test_the_first_versions_rows_are_not_searched_again(store: Store, record: IntentRecord) -> None:
    first_version(store, f"acme/{KEY}")
    record.find()
    with store.quick.read() as connection:
        assert connection.execute(select(intent_table.c.key)).scalars().all() == [KEY]
        assert connection.execute(text("SELECT count(*) FROM gong_intent WHERE state IS NULL")).scalar_one() == 0


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, True),
        ({"a": {"y": 1, "x": "ü"}}, {"a": {"x": "ü", "y": 1}}, True),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": None}, {}, False),
    ],
)
def test_fingerprint_follows_the_content_alone(left: Any, right: Any, equal: bool) -> None:
    assert (fingerprint_of(left) == fingerprint_of(right)) is equal
