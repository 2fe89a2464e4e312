"""A meeting is created once, whatever becomes of host, store, connection and fields between a task's attempts."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from airflow_provider_gong._compat import AirflowFailException, TaskDeferred
from airflow_provider_gong.client import errors
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator
from airflow_provider_gong.store.errors import GongStoreError
from tests.support.budget import reopen_budget, spend_the_day
from tests.support.postgres import PostgresServer
from tests.support.task_state import TaskState
from tests.unit.hooks.support import (
    DISCONNECTED,
    ORGANIZER,
    connection_json,
    meetings_in_gong,
    new_meeting,
    task_context,
)

LOST_ANSWER = Fault(action="reset", operation="addMeeting", when="after", nth=1)
FOREIGN_ANSWERS = [
    Fault(action="answer", operation="addMeeting", when="after", nth=1, status=status, body=body)
    for status, body in [
        (400, "Bad request"),
        (401, "<html>Log in</html>"),
        (403, "<html>Blocked</html>"),
        (404, "<html>Not found</html>"),
        (413, "too large"),
        (499, ""),
        (502, "<html>Bad gateway</html>"),
        (200, "<html>Welcome</html>"),
    ]
] + [
    Fault(action="answer", operation="addMeeting", when="after", nth=1, status=status, body=body, marks=marks)
    for status in (302, 404, 429)
    for body, marks in [("<html>Blocked</html>", True), (None, False), ('{"requestId": "1", "message": "No"}', False)]
]

pytestmark = pytest.mark.slow

Host = Callable[[str], Path]
FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(params=["without task state store", "with task state store"])
def attempts(request: pytest.FixtureRequest, tmp_path: Path) -> Attempts:
    """The attempts of one task, in an Airflow with a task state store or without."""
    if request.param == "without task state store":
        return Attempts(None)
    return Attempts(request.getfixturevalue("task_state"))


class Attempts:
    """Runs one attempt of a task after the other."""

    def __init__(self, state: TaskState | None) -> None:
        self.state = state
        self.number = 0

    def next(self, *, map_index: int = -1, **changes: Any) -> dict[str, Any]:
        """Run the next attempt; ``changes`` are those of its fields."""
        operator, context = self.begin(map_index=map_index, **changes)
        return operator.execute(context)

    def begin(self, *, map_index: int = -1, **changes: Any) -> tuple[GongCreateMeetingOperator, Any]:
        """Return the next attempt and its context."""
        self.number += 1
        if self.state is not None and self.number > 1:
            self.state = self.state.next()
        context = task_context(try_number=self.number, map_index=map_index)
        if self.state is not None:
            context["task_state_store"] = self.state
        return create(**changes), context


def create(**changes: Any) -> GongCreateMeetingOperator:
    options = {name: changes.pop(name) for name in ("resolution", "deferrable", "gong_conn_id") if name in changes}
    return GongCreateMeetingOperator(task_id="create", **options, **new_meeting(**changes))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """Return a function that moves this process to another host, whose disk is empty at first."""

    def move(name: str) -> Path:
        monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / name))
        return tmp_path / name

    return move


@pytest.fixture
def change_connection(gong: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def change(**changes: Any) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, **changes))

    return change


def fails(attempt: Callable[[], Any], match: str) -> str:
    with pytest.raises(AirflowFailException, match=match) as caught:
        attempt()
    return str(caught.value)


def loses_the_answer(gong: RunningEmulator, attempts: Attempts, **changes: Any) -> str:
    """Run an attempt whose answer is lost, and return its token."""
    gong.add_faults(LOST_ANSWER)
    return token_of(fails(lambda: attempts.next(**changes), "The meeting may exist"))


def token_of(text: str) -> str:
    found = re.findall(r"resolution='([0-9a-f]{8}):not-created'", text)
    assert len(found) == 1, text
    assert f"resolution='{found[0]}:<meeting_id>'" in text
    return str(found[0])


def assert_nothing_is_sent_again(gong: RunningEmulator, attempts: Attempts, **changes: Any) -> str:
    sent = len(gong.requests("addMeeting"))
    text = fails(lambda: attempts.next(**changes), "the meeting may exist. It was not sent again.")
    assert len(gong.requests("addMeeting")) == sent
    return text


def test_after_a_lost_answer_no_attempt_on_any_host_sends_again(
    gong: RunningEmulator, attempts: Attempts, host: Host
) -> None:
    loses_the_answer(gong, attempts)
    for name in ("second", "third", "second"):
        host(name)
        assert_nothing_is_sent_again(gong, attempts)
    assert len(meetings_in_gong(gong)) == 1


@pytest.mark.parametrize("change", ["company", "host", "store_conn_id", "gong_conn_id"])
@pytest.mark.parametrize("moves", [False, True], ids=["same host", "other host"])
def test_after_a_lost_answer_a_changed_connection_does_not_send_again(
    gong: RunningEmulator,
    attempts: Attempts,
    host: Host,
    change_connection: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    change: str,
    moves: bool,
) -> None:
    loses_the_answer(gong, attempts)
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", f"sqlite:///{tmp_path}/another_store.db")
    extra = {"company": {"company": "acme"}, "store_conn_id": {"store_conn_id": "gong_store"}}.get(change)
    changes = {"host": gong.url.replace("127.0.0.1", "localhost")} if change == "host" else {}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_OTHER", os.environ["AIRFLOW_CONN_GONG_DEFAULT"])
    change_connection(extra=extra, **changes)
    if moves:
        host("second")
    for _ in range(2):
        conn_id = "gong_other" if change == "gong_conn_id" else "gong_default"
        assert_nothing_is_sent_again(gong, attempts, gong_conn_id=conn_id)
    assert len(gong.requests("addMeeting")) == 1


@pytest.mark.parametrize("fault", FOREIGN_ANSWERS, ids=lambda fault: f"{fault.status}")
def test_an_answer_that_is_not_gongs_does_not_withdraw_the_record(
    gong: RunningEmulator, attempts: Attempts, fault: Fault
) -> None:
    gong.add_faults(fault)
    token_of(fails(attempts.next, "The meeting may exist"))
    assert_nothing_is_sent_again(gong, attempts)
    assert len(meetings_in_gong(gong)) == 1


def test_gongs_own_refusal_withdraws_the_record(gong: RunningEmulator, attempts: Attempts) -> None:
    fails(lambda: attempts.next(organizer_email=DISCONNECTED), "disconnected from Gong")
    assert attempts.next()["meeting_id"]
    assert len(meetings_in_gong(gong)) == 1


def test_a_wrong_key_is_corrected_and_the_task_runs_again(
    gong: RunningEmulator, attempts: Attempts, change_connection: Callable[..., None]
) -> None:
    change_connection(password="wrong")
    fails(attempts.next, "does not accept the credentials")
    change_connection()
    assert attempts.next()["meeting_id"]


def test_a_host_that_cannot_be_reached_is_corrected_and_the_task_runs_again(
    gong: RunningEmulator, attempts: Attempts, change_connection: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GongClient.__init__.__kwdefaults__, "sleep", lambda _: None)
    change_connection(host="http://127.0.0.1:9")
    with pytest.raises(errors.GongConnectionError):
        attempts.next()
    change_connection()
    assert attempts.next()["meeting_id"]


def test_a_wrong_field_is_corrected_and_the_task_runs_again(gong: RunningEmulator, attempts: Attempts) -> None:
    fails(lambda: attempts.next(organizer_email="na"), "organizerEmail")
    fails(lambda: attempts.next(end_time="yesterday"), "endTime")
    assert attempts.next()["meeting_id"]


def test_a_wrong_template_is_corrected_and_the_task_runs_again(gong: RunningEmulator, attempts: Attempts) -> None:
    for field in ({"title": "{{ nothing.at_all }}"}, {"invitees": [{"email": "{{ nothing.at_all }}"}]}):
        operator, context = attempts.begin(**field)
        with pytest.raises(jinja2.UndefinedError):
            operator.render_template_fields(context)
    assert attempts.next()["meeting_id"]


def test_a_wrong_template_does_not_hide_a_lost_answer(gong: RunningEmulator, attempts: Attempts) -> None:
    loses_the_answer(gong, attempts)
    operator, context = attempts.begin(title="{{ nothing.at_all }}")
    with pytest.raises(jinja2.UndefinedError):
        operator.render_template_fields(context)
    assert_nothing_is_sent_again(gong, attempts)


def test_a_store_that_fails_does_not_hide_a_wrong_template(
    gong: RunningEmulator, attempts: Attempts, host: Host
) -> None:
    (host("first") / "gong" / "gong_store.db").mkdir(parents=True)
    operator, context = attempts.begin(title="{{ nothing.at_all }}")
    if attempts.state is not None:
        context["task_state_store"] = dataclasses.replace(attempts.state, is_down=True)
    with pytest.raises(jinja2.UndefinedError):
        operator.render_template_fields(context)


def test_secrets_that_come_back_let_the_task_run_again(
    gong: RunningEmulator, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = os.environ["AIRFLOW_CONN_GONG_DEFAULT"]
    monkeypatch.delenv("AIRFLOW_CONN_GONG_DEFAULT")
    for _ in range(2):
        with pytest.raises(Exception, match="gong_default"):
            attempts.next()
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection)
    assert attempts.next()["meeting_id"]


def test_secrets_of_the_store_that_come_back_let_the_task_run_again(
    gong: RunningEmulator,
    attempts: Attempts,
    change_connection: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    change_connection(extra={"store_conn_id": "gong_store"})
    with pytest.raises(Exception, match="gong_store"):
        attempts.next()
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", f"sqlite:///{tmp_path}/another_store.db")
    assert attempts.next()["meeting_id"]


def test_a_refused_slot_lets_the_retry_send(gong: RunningEmulator, attempts: Attempts) -> None:
    spend_the_day()
    for _ in range(2):
        with pytest.raises(errors.GongDailyQuotaError):
            attempts.next(deferrable=False)
    reopen_budget()
    assert attempts.next()["meeting_id"]
    assert len(gong.requests("addMeeting")) == 1


def test_gongs_429_lets_the_retry_send(gong: RunningEmulator, attempts: Attempts) -> None:
    gong.add_faults(Fault(action="status", status=429, retry_after=3600, operation="addMeeting", nth=1))
    with pytest.raises(errors.GongDailyQuotaError):
        attempts.next(deferrable=False)
    reopen_budget()
    assert attempts.next()["meeting_id"]


@pytest.mark.parametrize("attempt", [1, 2])
@pytest.mark.parametrize("moves", [False, True], ids=["same host", "other host"])
def test_a_parked_task_sends_when_it_wakes_up(
    gong: RunningEmulator, attempts: Attempts, host: Host, attempt: int, moves: bool
) -> None:
    spend_the_day()
    for _ in range(attempt - 1):
        with pytest.raises(errors.GongDailyQuotaError):
            attempts.next(deferrable=False)
    operator, context = attempts.begin(deferrable=True)
    with pytest.raises(TaskDeferred):
        operator.execute(context)
    reopen_budget()
    if moves:
        host("second")
    result = create().execute_complete(context, {"status": "due"})
    assert [meeting["id"] for meeting in meetings_in_gong(gong)] == [result["meeting_id"]]


def test_a_parked_task_that_lost_its_answer_does_not_send_again(gong: RunningEmulator, attempts: Attempts) -> None:
    spend_the_day()
    operator, context = attempts.begin(deferrable=True)
    with pytest.raises(TaskDeferred):
        operator.execute(context)
    reopen_budget()
    gong.add_faults(LOST_ANSWER)
    fails(lambda: create().execute_complete(context, {"status": "due"}), "The meeting may exist")
    assert_nothing_is_sent_again(gong, attempts)


def test_a_parked_task_that_lost_its_answer_on_another_host_does_not_send_again(
    gong: RunningEmulator, attempts: Attempts, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    home = host("first")
    spend_the_day()
    operator, context = attempts.begin(deferrable=True)
    with pytest.raises(TaskDeferred):
        operator.execute(context)
    host("second")
    gong.add_faults(LOST_ANSWER)
    text = fails(lambda: create().execute_complete(context, {"status": "due"}), "The meeting may exist")
    host(home.name)
    reopen_budget()
    for resolution in (None, f"{token_of(text)}:not-created"):
        if attempts.state is None or resolution is None:
            assert_nothing_is_sent_again(gong, attempts, resolution=resolution)
    assert len(meetings_in_gong(gong)) == 1


def test_a_parked_task_that_is_cleared_on_its_only_host_sends(
    gong: RunningEmulator, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "LocalExecutor")
    spend_the_day()
    operator, context = attempts.begin(deferrable=True)
    with pytest.raises(TaskDeferred):
        operator.execute(context)
    reopen_budget()
    assert attempts.next()["meeting_id"]


def test_a_cleared_task_returns_its_meeting(gong: RunningEmulator, attempts: Attempts) -> None:
    first = attempts.next()
    assert [attempts.next() for _ in range(3)] == [first] * 3
    assert len(gong.requests("addMeeting")) == 1


def test_with_a_task_state_store_a_cleared_task_returns_its_meeting_on_any_host(
    gong: RunningEmulator, task_state: TaskState, host: Host
) -> None:
    attempts = Attempts(task_state)
    first = attempts.next()
    host("second")
    assert attempts.next() == first


def test_without_any_shared_record_a_cleared_task_asks_on_another_host(gong: RunningEmulator, host: Host) -> None:
    attempts = Attempts(None)
    meeting_id = attempts.next()["meeting_id"]
    host("second")
    text = assert_nothing_is_sent_again(gong, attempts)
    assert "This is attempt 2 of the task, but no record of the earlier attempts was found here" in text
    assert "set store_conn_id" in text
    result = attempts.next(resolution=f"{token_of(text)}:{meeting_id}")
    assert result["meeting_id"] == meeting_id
    assert len(gong.requests("addMeeting")) == 1


def test_other_fields_after_an_unknown_outcome_do_not_send_again(gong: RunningEmulator, attempts: Attempts) -> None:
    loses_the_answer(gong, attempts)
    text = assert_nothing_is_sent_again(gong, attempts, title="Renamed")
    assert "'Kick-off' that starts at 2026-03-09T10:00:00+00:00" in text
    assert f"calendar of {ORGANIZER}" in text


def test_another_company_after_the_meeting_was_created_fails_and_names_it(
    gong: RunningEmulator, attempts: Attempts, change_connection: Callable[..., None]
) -> None:
    first = attempts.next()
    change_connection(extra={"company": "acme"})
    text = fails(attempts.next, f"created meeting {first['meeting_id']}")
    assert "is now for company acme" in text
    change_connection()
    assert attempts.next() == first


@pytest.mark.parametrize("is_lost", [False, True], ids=["created", "lost"])
def test_a_mapped_list_that_changed_its_order_creates_nothing_twice(gong: RunningEmulator, is_lost: bool) -> None:
    first = Attempts(None)
    if is_lost:
        loses_the_answer(gong, first, map_index=0, title="A")
        expected = "Map index 0 of this task sent, with unknown outcome so far, the same fields"
    else:
        expected = f"Map index 0 of this task created meeting {first.next(map_index=0, title='A')['meeting_id']} with"
    second = Attempts(None)
    fails(lambda: second.next(map_index=1, title="B", end_time="yesterday"), "endTime")
    fails(lambda: second.next(map_index=1, title="A"), re.escape(expected))
    fails(lambda: first.next(map_index=0, title="B"), "with different fields|may exist")
    assert [meeting["title"] for meeting in meetings_in_gong(gong)] == ["A"]
    assert second.next(map_index=1, title="B")["meeting_id"]


@pytest.mark.parametrize("found", ["not-created", "the id"])
@pytest.mark.parametrize("moves", [False, True], ids=["same host", "other host"])
def test_a_person_continues_with_what_was_found(
    gong: RunningEmulator, attempts: Attempts, host: Host, found: str, moves: bool
) -> None:
    token = loses_the_answer(gong, attempts)
    (meeting,) = meetings_in_gong(gong)
    if moves:
        host("second")
        token = token_of(assert_nothing_is_sent_again(gong, attempts))
    resolution = f"{token}:{meeting['id'] if found == 'the id' else found}"
    result = attempts.next(resolution=resolution)
    if found == "the id":
        assert result == {
            "meeting_id": meeting["id"],
            "meeting_url": None,
            "request_id": None,
            "additional_invitees": None,
        }
        assert len(gong.requests("addMeeting")) == 1
    else:
        assert result["meeting_id"] in {meeting["id"] for meeting in meetings_in_gong(gong)} - {meeting["id"]}
    assert attempts.next(resolution=resolution) == result
    assert attempts.next() == result


@pytest.mark.parametrize("moves", [False, True], ids=["same host", "other host"])
def test_a_token_protects_the_next_attempt(gong: RunningEmulator, attempts: Attempts, host: Host, moves: bool) -> None:
    first = loses_the_answer(gong, attempts)
    if moves:
        host("second")
        first = token_of(assert_nothing_is_sent_again(gong, attempts))
    second = loses_the_answer(gong, attempts, resolution=f"{first}:not-created")
    assert second != first
    for name in ("second", "third", "fourth"):
        if moves:
            host(name)
        assert_nothing_is_sent_again(gong, attempts, resolution=f"{first}:not-created")
    assert len(gong.requests("addMeeting")) == 2


def test_a_token_is_not_used_up_by_an_attempt_that_sends_nothing(
    gong: RunningEmulator, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolution = f"{loses_the_answer(gong, attempts)}:not-created"
    fails(lambda: attempts.next(resolution=resolution, organizer_email="na"), "organizerEmail")
    spend_the_day()
    with pytest.raises(errors.GongDailyQuotaError):
        attempts.next(resolution=resolution, deferrable=False)
    reopen_budget()
    assert attempts.next(resolution=resolution)["meeting_id"]
    assert len(gong.requests("addMeeting")) == 2


def test_after_not_created_other_fields_may_be_sent(gong: RunningEmulator, attempts: Attempts) -> None:
    token = loses_the_answer(gong, attempts)
    assert attempts.next(resolution=f"{token}:not-created", title="Renamed")["meeting_id"]


def test_several_resolutions_serve_the_map_indexes_that_they_are_about(gong: RunningEmulator) -> None:
    mapped = [Attempts(None) for _ in range(3)]
    tokens = [
        loses_the_answer(gong, attempts, map_index=index, title=f"Meeting {index}")
        for index, attempts in enumerate(mapped[:2])
    ]
    resolution = f"{tokens[0]}:not-created {tokens[1]}:123"
    results = [
        attempts.next(map_index=index, title=f"Meeting {index}", resolution=resolution)
        for index, attempts in enumerate(mapped)
    ]
    assert results[1]["meeting_id"] == "123"
    assert len(gong.requests("addMeeting")) == 4


@pytest.mark.parametrize("resolution", ["not-created", "1a2b3c4d", "1a2b3c4d:", "1a2b3c4d:maybe", "x:1", "None"])
def test_a_resolution_in_another_form_is_refused(gong: RunningEmulator, attempts: Attempts, resolution: str) -> None:
    text = fails(lambda: attempts.next(resolution=resolution), "resolution: must be")
    assert "<token>:not-created" in text
    assert gong.requests() == []
    assert attempts.next(resolution="")["meeting_id"]


def test_a_resolution_that_fits_nothing_does_not_matter(gong: RunningEmulator, attempts: Attempts) -> None:
    assert attempts.next(resolution="00000000:not-created")["meeting_id"]


def test_an_attempt_that_was_replaced_sends_nothing(gong: RunningEmulator, attempts: Attempts, host: Host) -> None:
    replaced_while_it_begins(gong, attempts, host, moves=False)


def test_an_attempt_that_was_replaced_on_another_host_sends_nothing(
    gong: RunningEmulator, task_state: TaskState, host: Host
) -> None:
    replaced_while_it_begins(gong, Attempts(task_state), host, moves=True)


def replaced_while_it_begins(gong: RunningEmulator, attempts: Attempts, host: Host, *, moves: bool) -> None:
    zombie, context = attempts.begin()
    home = host("first")

    def meanwhile() -> None:
        if moves:
            host("second")
        attempts.next()
        host(home.name)

    with after_commit("gong_budget", meanwhile), pytest.raises(GongError, match=r"replaced|taken over"):
        zombie.execute(context)
    assert len(gong.requests("addMeeting")) == 1
    assert attempts.next()["meeting_id"]
    assert len(gong.requests("addMeeting")) == 1


def test_an_attempt_that_begins_while_another_sends_fails(gong: RunningEmulator) -> None:
    attempts = Attempts(None)
    first, context = attempts.begin()
    texts = []

    def meanwhile() -> None:
        texts.append(fails(attempts.next, "An earlier attempt of this task was sending the meeting"))

    with after_commit("sending", meanwhile):
        result = first.execute(context)
    assert len(texts) == 1
    assert [meeting["id"] for meeting in meetings_in_gong(gong)] == [result["meeting_id"]]
    assert attempts.next(resolution=f"{token_of(texts[0])}:not-created") == result


def test_a_store_that_fails_keeps_the_meeting_from_being_sent(
    gong: RunningEmulator, attempts: Attempts, host: Host
) -> None:
    folder = host("first") / "gong"
    (folder / "gong_store.db").mkdir(parents=True)
    with pytest.raises(GongStoreError, match="cannot be opened"):
        attempts.next()
    assert gong.requests() == []
    (folder / "gong_store.db").rmdir()
    if attempts.state is not None:
        assert attempts.next()["meeting_id"]


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_task_state_store_that_is_away_keeps_the_meeting_from_being_sent(
    gong: RunningEmulator, task_state: TaskState, attempt: int
) -> None:
    attempts = Attempts(task_state)
    for _ in range(attempt - 1):
        fails(lambda: attempts.next(organizer_email="na"), "organizerEmail")
    operator, context = attempts.begin()
    context["task_state_store"] = dataclasses.replace(context["task_state_store"], is_down=True)
    with pytest.raises(GongStoreError, match=r"the API server is away\. Airflow refuses access to attempts"):
        operator.execute(context)
    assert gong.requests() == []
    assert attempts.next()["meeting_id"]


def test_a_record_that_is_no_intent_is_an_error_that_names_it(gong: RunningEmulator, task_state: TaskState) -> None:
    task_state.set("gong_intent", {"state": "unheard of"})
    with pytest.raises(GongStoreError, match="cannot be read in Airflow's task state store"):
        Attempts(task_state).next()
    assert gong.requests() == []


def test_a_task_state_store_that_was_emptied_on_success_leaves_the_store(
    gong: RunningEmulator, task_state: TaskState, monkeypatch: pytest.MonkeyPatch, host: Host
) -> None:
    monkeypatch.setenv("AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS", "True")
    attempts = Attempts(task_state)
    first = attempts.next()
    task_state.clear()
    assert attempts.next() == first
    task_state.clear()
    host("second")
    assert_nothing_is_sent_again(gong, attempts)


def test_a_task_state_store_that_will_be_emptied_still_knows_failed_attempts(
    gong: RunningEmulator, task_state: TaskState, monkeypatch: pytest.MonkeyPatch, host: Host
) -> None:
    monkeypatch.setenv("AIRFLOW__STATE_STORE__CLEAR_ON_SUCCESS", "True")
    attempts = Attempts(task_state)
    fails(lambda: attempts.next(organizer_email="na"), "organizerEmail")
    host("second")
    assert attempts.next()["meeting_id"]


def test_the_record_never_expires(gong: RunningEmulator, task_state: TaskState) -> None:
    from airflow_provider_gong._compat import NEVER_EXPIRE

    kept = []

    class Watched(TaskState):
        def set(self, key: str, value: Any, *, retention: Any = None) -> None:
            kept.append((value["state"], retention))
            super().set(key, value, retention=retention)

    attempts = Attempts(Watched(task_state.folder))
    attempts.next()
    assert kept == [(state, NEVER_EXPIRE) for state in ("begun", "sending", "done")]


def test_a_meeting_that_cannot_be_recorded_is_returned_all_the_same(
    gong: RunningEmulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = Attempts(None)
    operator, context = attempts.begin()

    def lose_the_store() -> None:
        for file in (tmp_path / "gong").glob("gong_store.db*"):
            file.unlink()
        (tmp_path / "gong" / "gong_store.db").mkdir()

    with after_commit("sending", lose_the_store):
        result = operator.execute(context)
    assert [meeting["id"] for meeting in meetings_in_gong(gong)] == [result["meeting_id"]]


def test_a_first_attempt_that_died_before_it_recorded_anything(gong: RunningEmulator, attempts: Attempts) -> None:
    attempts.number = 1
    if attempts.state is not None:
        assert attempts.next()["meeting_id"]
        return
    text = assert_nothing_is_sent_again(gong, attempts)
    text = assert_nothing_is_sent_again(gong, attempts)
    assert attempts.next(resolution=f"{token_of(text)}:not-created")["meeting_id"]


def test_an_old_record_of_this_host_does_not_hide_what_another_host_sent(gong: RunningEmulator, host: Host) -> None:
    attempts = Attempts(None)
    host("first")
    fails(lambda: attempts.next(organizer_email="na"), "organizerEmail")
    host("second")
    token = token_of(assert_nothing_is_sent_again(gong, attempts))
    gong.add_faults(LOST_ANSWER)
    fails(lambda: attempts.next(resolution=f"{token}:not-created"), "The meeting may exist")
    host("first")
    for resolution in (f"{token}:not-created", None):
        assert_nothing_is_sent_again(gong, attempts, resolution=resolution)


def test_an_answer_about_an_old_record_does_not_hide_what_another_host_sent_since(
    gong: RunningEmulator, host: Host
) -> None:
    attempts = Attempts(None)
    host("first")
    old = loses_the_answer(gong, attempts)
    host("second")
    token = token_of(assert_nothing_is_sent_again(gong, attempts))
    resolution = f"{old}:not-created {token}:not-created"
    assert attempts.next(resolution=resolution)["meeting_id"]
    host("first")
    text = assert_nothing_is_sent_again(gong, attempts, resolution=resolution)
    assert "An earlier attempt of this task was sending the meeting" in text
    assert attempts.next(resolution=f"{resolution} {token_of(text)}:123")["meeting_id"] == "123"


def test_a_meeting_of_an_attempt_that_is_missing_has_the_fields_of_now(gong: RunningEmulator, host: Host) -> None:
    attempts = Attempts(None)
    host("first")
    old = loses_the_answer(gong, attempts, title="Old")
    host("second")
    token = token_of(assert_nothing_is_sent_again(gong, attempts))
    meeting_id = attempts.next(resolution=f"{token}:not-created")["meeting_id"]
    host("first")
    resolution = f"{old}:not-created {token}:not-created"
    token = token_of(assert_nothing_is_sent_again(gong, attempts, resolution=resolution))
    assert attempts.next(resolution=f"{resolution} {token}:{meeting_id}")["meeting_id"] == meeting_id
    assert attempts.next()["meeting_id"] == meeting_id


def test_a_token_is_good_after_any_number_of_questions(gong: RunningEmulator, attempts: Attempts) -> None:
    token = loses_the_answer(gong, attempts)
    for _ in range(3):
        assert token_of(assert_nothing_is_sent_again(gong, attempts)) == token
    assert attempts.next(resolution=f"{token}:not-created")["meeting_id"]


def test_a_database_that_all_hosts_share_knows_earlier_attempts(
    gong: RunningEmulator,
    host: Host,
    change_connection: Callable[..., None],
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", postgres.new_database().replace("postgresql+psycopg2", "postgres"))
    change_connection(extra={"store_conn_id": "gong_store"})
    attempts = Attempts(None)
    host("first")
    fails(lambda: attempts.next(organizer_email=DISCONNECTED), "disconnected from Gong")
    # The second attempt is evicted before it records anything.
    attempts.number += 1
    host("second")
    token = loses_the_answer(gong, attempts)
    host("third")
    assert token_of(assert_nothing_is_sent_again(gong, attempts)) == token
    result = attempts.next(resolution=f"{token}:not-created")
    host("first")
    assert attempts.next() == result


@pytest.fixture
def store_of_schema_4(tmp_path: Path) -> None:
    (tmp_path / "gong").mkdir()
    with contextlib.closing(sqlite3.connect(tmp_path / "gong" / "gong_store.db")) as connection, connection:
        connection.executescript((FIXTURES / "schema_4" / "store.sql").read_text())


def test_a_pending_meeting_of_schema_4_is_not_created_again(
    gong: RunningEmulator, store_of_schema_4: None, attempts: Attempts, change_connection: Callable[..., None]
) -> None:
    attempts.number = 1
    for extra in ({"company": "emulated"}, {"company": "acme"}, {}):
        change_connection(extra=extra)
        text = assert_nothing_is_sent_again(gong, attempts)
    assert "An earlier attempt of this task was sending the meeting, but its outcome is unknown" in text
    assert attempts.next(resolution=f"{token_of(text)}:not-created")["meeting_id"]


def test_a_meeting_of_schema_4_is_returned(
    gong: RunningEmulator, store_of_schema_4: None, change_connection: Callable[..., None]
) -> None:
    change_connection(extra={"company": "emulated"})
    result = create().execute(task_context(run_id="manual__done", try_number=2))
    assert result["meeting_id"] == "6428103619268565038"
    assert gong.requests() == []


@contextlib.contextmanager
def after_commit(word: str, action: Callable[[], None]) -> Iterator[None]:
    """Do something once, at the end of the next transaction that writes what contains a word."""
    seen: list[str] = []

    def watch(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE")) and word in f"{statement} {parameters}":
            seen.append(statement)

    def act(*_: Any) -> None:
        if seen and event.contains(Engine, "before_cursor_execute", watch):
            event.remove(Engine, "before_cursor_execute", watch)
            action()

    event.listen(Engine, "before_cursor_execute", watch)
    event.listen(Pool, "checkin", act)
    try:
        yield
        assert seen
    finally:
        event.remove(Pool, "checkin", act)
        if event.contains(Engine, "before_cursor_execute", watch):
            event.remove(Engine, "before_cursor_execute", watch)
