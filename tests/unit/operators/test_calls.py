from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from airflow_provider_gong._compat import AirflowFailException, can_push_none
from airflow_provider_gong.client import errors
from airflow_provider_gong.client.models import NewCall, parse_request
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault, foreign_answer
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.links import CALL_URL_KEY
from airflow_provider_gong.operators.calls import GongCreateCallOperator, GongUploadCallMediaOperator
from airflow_provider_gong.store.intent_record import IntentRecord
from airflow_provider_gong.store.intents import Intent, IntentState, fingerprint_of
from tests.support.recordings import write_wav
from tests.unit.hooks.support import connection_json, new_call, task_context, user_id

DISABLED_HOST = "noor.haddad@example.com"


def create(call, **options):
    return GongCreateCallOperator(task_id="create", call=call, **options)


def upload(call_id, media, **options):
    return GongUploadCallMediaOperator(task_id="upload", call_id=call_id, media=media, **options)


@pytest.fixture
def call_id(gong: RunningEmulator) -> str:
    return create(new_call(gong)).execute(task_context(run_id="earlier"))["call_id"]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "recordings" / "1.wav", seconds=61, seed=1)


def state_of(gong: RunningEmulator, call_id: str):
    return next(call for call in gong.state()["calls"] if call["id"] == call_id)


def test_created_call_is_returned(gong):
    result = create(new_call(gong, title="Discovery")).execute(task_context())
    assert result["request_id"]
    assert state_of(gong, result["call_id"])["title"] == "Discovery"


def test_what_gong_returns_is_logged_safely(gong, logged, call_id, recording):
    log = logged(GongUploadCallMediaOperator)
    nasty = "https://b.example.com/a?X-Amz-Signature=hush\n2026-11-20 INFO fine \x1b[31m"
    body = json.dumps({"callId": call_id, "url": nasty})
    gong.add_faults(Fault(action="answer", status=201, body=body, operation="addCallRecording", nth=1))
    upload(call_id, recording).execute(task_context())
    (line,) = [line for line in log().splitlines() if f"Call {call_id}" in line]
    assert "hush" not in log()
    assert "\nINFO fine" not in log()
    assert line.isprintable()


def test_missing_recording_is_named_without_its_signature(gong, call_id):
    with pytest.raises(FileNotFoundError, match=r"files\.example\.com/1\.wav") as caught:
        upload(call_id, "/files.example.com/1.wav?X-Amz-Signature=hush").execute(task_context())
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_call_in_snake_case(gong):
    host = user_id(gong)
    call = {
        "client_unique_id": "pbx-7",
        "actual_start": "2026-03-01T10:00:00Z",
        "direction": "Outbound",
        "primary_user": host,
        "parties": [{"user_id": host}],
    }
    result = create(call).execute(task_context())
    assert state_of(gong, result["call_id"])["clientUniqueId"] == "pbx-7"


def test_call_is_a_template(gong):
    operator = create(new_call(gong, "{{ run_id }}", title="Calls of {{ ds }}"))
    context = task_context()
    operator.render_template_fields(context)
    call = state_of(gong, operator.execute(context)["call_id"])
    assert (call["clientUniqueId"], call["title"]) == ("manual__2026-03-02", "Calls of 2026-03-02")


def test_wrong_call_fails_for_good_before_anything_is_sent(gong):
    call = new_call(gong, direction="Sideways", parties=[])
    with pytest.raises(AirflowFailException, match="direction: must be one of") as caught:
        create(call).execute(task_context())
    assert "parties" in str(caught.value)
    assert gong.requests() == []


def test_host_without_call_import_fails_for_good(gong):
    host = user_id(gong, DISABLED_HOST)
    call = new_call(gong, primaryUser=host, parties=[{"userId": host}])
    with pytest.raises(AirflowFailException, match="turn on call import for this user"):
        create(call).execute(task_context())


def test_existing_call_fails_for_good_and_is_named(gong, call_id):
    with pytest.raises(AirflowFailException, match=call_id) as caught:
        create(new_call(gong)).execute(task_context())
    assert isinstance(caught.value.__cause__, errors.GongDuplicateCallError)


def test_existing_call_can_be_returned(gong, call_id):
    result = create(new_call(gong), on_existing="skip").execute(task_context())
    assert result == {"call_id": call_id, "request_id": None}


def test_an_existing_call_without_a_recording_is_returned_where_ids_never_repeat(gong, call_id):
    result = create(new_call(gong), on_existing="complete").execute(task_context())
    assert result == {"call_id": call_id, "request_id": None}


def test_another_call_with_the_same_id_is_never_taken_for_the_one_that_is_meant(gong, call_id, recording):
    upload(call_id, recording).execute(task_context())
    gong.advance(3600)
    assert create(new_call(gong), on_existing="complete").execute(task_context())["call_id"] == call_id
    other = new_call(gong, actualStart="2020-01-01T00:00:00Z")
    with pytest.raises(AirflowFailException, match=f"GongDuplicateCallError.*{call_id}"):
        create(other, on_existing="complete").execute(task_context(run_id="second"))


@pytest.mark.parametrize("name", ["blocked_text", "forbidden_page", "login_redirect", "too_large", "unauthorized_page"])
def test_a_call_whose_creation_somebody_else_has_answered_is_recognized(gong, name):
    gong.add_faults(foreign_answer(name, operation="addCall", nth=1, when="after"))
    with pytest.raises((AirflowFailException, errors.GongError)):
        create(new_call(gong)).execute(task_context())
    assert len(gong.requests("addCall")) == 1
    found = create(new_call(gong)).execute(task_context())
    assert state_of(gong, found["call_id"])["clientUniqueId"] == "pbx-1"


@pytest.mark.parametrize("on_existing", ["resume", "skip"])
def test_a_retry_returns_the_call_of_the_earlier_try(gong, on_existing):
    created = create(new_call(gong), on_existing=on_existing).execute(task_context())
    assert create(new_call(gong), on_existing=on_existing).execute(task_context()) == created
    assert len(gong.requests("addCall")) == 1


def test_any_existing_call_can_fail_the_task_that_of_an_earlier_try_included(gong):
    created = create(new_call(gong), on_existing="fail").execute(task_context())
    with pytest.raises(AirflowFailException, match=created["call_id"]) as caught:
        create(new_call(gong), on_existing="fail").execute(task_context())
    assert isinstance(caught.value.__cause__, errors.GongDuplicateCallError)


def test_content_that_changed_since_the_earlier_try_is_not_taken_for_its_call(gong):
    create(new_call(gong, title="Before")).execute(task_context())
    with pytest.raises(AirflowFailException, match="GongDuplicateCallError"):
        create(new_call(gong, title="After")).execute(task_context())


def test_a_try_that_was_killed_after_the_create_is_recognized(gong, call_id):
    with GongHook() as hook:
        content = fingerprint_of(parse_request(NewCall, new_call(gong)).wire())
        sending = Intent("addCall", 1, state=IntentState.SENDING, company=hook.company, content=content)
        assert IntentRecord(hook.store, "meetings/create/manual__2026-03-02/-1").replace(None, sending)
    assert create(new_call(gong)).execute(task_context())["call_id"] == call_id


def test_a_refused_try_does_not_make_the_call_of_somebody_else_ours(gong, call_id):
    for _ in range(2):
        with pytest.raises(AirflowFailException, match=call_id):
            create(new_call(gong)).execute(task_context())


@pytest.mark.slow
def test_lost_answer_creates_one_call(gong):
    gong.add_faults(Fault(action="reset", operation="addCall", when="after", nth=1))
    result = create(new_call(gong)).execute(task_context())
    assert state_of(gong, result["call_id"])["clientUniqueId"] == "pbx-1"
    assert len(gong.requests("addCall")) == 2


def test_unknown_choice_for_existing_calls_is_refused_in_the_dag_file():
    with pytest.raises(ValueError, match="on_existing='return' is not one of resume, skip, fail"):
        create({}, on_existing="return")


def attempt(call, number, state, **options):
    context = task_context(try_number=number)
    if state is not None:
        context["task_state_store"] = state
    return create(call, **options).execute(context)


def lose_the_answers(gong, call, state):
    """Run the first attempt, whose answers are all lost."""
    gong.add_faults(Fault(action="answer", operation="addCall", when="after", every=1, status=404, body="not here"))
    with pytest.raises(AirflowFailException):
        attempt(call, 1, state)
    gong.clear_faults()


@pytest.mark.parametrize("adds_company", [False, True])
def test_a_retry_on_a_new_host_recognizes_the_call(gong, task_state, tmp_path, monkeypatch, adds_company):
    lose_the_answers(gong, new_call(gong), task_state)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    if adds_company:
        monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"company": "acme"}))
    result = attempt(new_call(gong), 2, task_state.next())
    assert state_of(gong, result["call_id"])["clientUniqueId"] == "pbx-1"


def test_without_a_shared_record_a_retry_on_a_new_host_fails_and_names_the_call(gong, tmp_path, monkeypatch):
    lose_the_answers(gong, new_call(gong), None)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    with pytest.raises(AirflowFailException, match="GongDuplicateCallError") as caught:
        attempt(new_call(gong), 2, None)
    (call,) = (call for call in gong.state()["calls"] if call["clientUniqueId"] == "pbx-1")
    assert call["id"] in str(caught.value)


def test_a_cleared_task_returns_its_call_on_any_host(gong, task_state, tmp_path, monkeypatch):
    result = attempt(new_call(gong), 1, task_state)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    assert attempt(new_call(gong), 2, task_state.next()) == result
    assert len(gong.requests("addCall")) == 1


def test_a_call_that_was_corrected_is_sent(gong, task_state):
    with pytest.raises(AirflowFailException, match="parties"):
        attempt(new_call(gong, parties=[]), 1, task_state)
    host = user_id(gong, DISABLED_HOST)
    with pytest.raises(AirflowFailException, match="call import"):
        attempt(new_call(gong, primaryUser=host, parties=[{"userId": host}]), 2, task_state.next())
    assert attempt(new_call(gong), 3, task_state.next().next())["request_id"]


@pytest.mark.parametrize("kind", [str, Path, "file://{}".format], ids=["text", "path", "url"])
def test_recording_is_uploaded(gong, call_id, recording, kind):
    result = upload(call_id, kind(str(recording))).execute(task_context())
    assert result == {
        "call_id": call_id,
        "url": f"{gong.url}/call?id={call_id}",
        "sha256": hashlib.sha256(recording.read_bytes()).hexdigest(),
        "bytes": recording.stat().st_size,
    }
    assert state_of(gong, call_id)["media"]["sha256"] == result["sha256"]


def test_call_and_recording_are_templates(gong, call_id, recording):
    operator = upload("{{ params.call_id }}", "{{ params.folder }}/1.wav")
    context = {**task_context(), "params": {"call_id": call_id, "folder": str(recording.parent)}}
    operator.render_template_fields(context)
    assert operator.execute(context)["call_id"] == call_id


def test_upload_that_is_tried_again_succeeds(gong, call_id, recording, logged):
    log = logged(GongUploadCallMediaOperator)
    first = upload(call_id, recording).execute(task_context())
    second = upload(call_id, recording).execute(task_context())
    assert second == {**first, "url": None}
    assert f"Call {call_id} already has a recording" in log()
    assert state_of(gong, call_id)["media"]["sha256"] == first["sha256"]


def test_recording_of_another_call_fails_for_good(gong, call_id, recording):
    upload(call_id, recording).execute(task_context())
    other = create(new_call(gong, "pbx-2")).execute(task_context())["call_id"]
    with pytest.raises(AirflowFailException, match="uploaded to another call") as caught:
        upload(other, recording).execute(task_context())
    assert call_id in str(caught.value)


def test_missing_recording_is_left_to_retries(gong, call_id, tmp_path):
    with pytest.raises(FileNotFoundError):
        upload(call_id, tmp_path / "not-there-yet.wav").execute(task_context())
    assert gong.requests("addCallRecording") == []


def test_unknown_call_fails_for_good(gong, recording):
    with pytest.raises(AirflowFailException, match="Call ID 123 was not found"):
        upload("123", recording).execute(task_context())


def pushed_by_the_operator(result):
    """Return what Airflow 3.0 would fail to push by itself."""
    return {} if can_push_none() else {key: value for key, value in result.items() if value is not None}


def test_upload_gives_the_link_of_the_call(gong, call_id, recording):
    context = task_context()
    result = upload(call_id, recording).execute(context)
    assert context["ti"].xcoms == {CALL_URL_KEY: f"{gong.url}/call?id={call_id}"} | pushed_by_the_operator(result)


def test_create_gives_the_link_of_the_call(gong):
    context = task_context()
    result = create(new_call(gong)).execute(context)
    url = f"{gong.url}/call?id={result['call_id']}"
    assert context["ti"].xcoms == {CALL_URL_KEY: url} | pushed_by_the_operator(result)
