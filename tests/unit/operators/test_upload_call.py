"""``GongUploadCallOperator``: a call with its recording, once, whatever happens on the way."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.call_import.errors import GongImportUnfinishedError
from airflow_provider_gong.client.errors import GongDailyQuotaError, GongError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault, foreign_answer
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators.calls import GongUploadCallOperator
from tests.support.budget import reopen_budget
from tests.support.recordings import write_wav
from tests.support.task_state import TaskState
from tests.unit.hooks.support import new_call, task_context, user_id

pytestmark = pytest.mark.slow


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "call.wav", seconds=61, seed=1)


def upload(call: dict[str, Any], recording: Path, *, run_id: str = "first", **options: Any) -> dict[str, Any]:
    operator = GongUploadCallOperator(task_id="upload", call=call, media=str(recording), **options)
    return operator.execute(task_context(run_id=run_id))


def imported(gong: RunningEmulator) -> list[dict[str, Any]]:
    return [call for call in gong.state()["calls"] if call["clientUniqueId"] == "pbx-1"]


def their_call(gong: RunningEmulator) -> str:
    """Create the same call as another system does, and return its id."""
    with GongHook() as hook:
        return hook.calls.create(new_call(gong, title="Theirs")).call_id


def test_creates_the_call_and_uploads_its_recording(gong: RunningEmulator, recording: Path) -> None:
    result = upload(new_call(gong), recording)
    (call,) = imported(gong)
    digest = hashlib.sha256(recording.read_bytes()).hexdigest()
    assert result == {"call_id": call["id"], "state": "uploaded", "sha256": digest, "url": None}
    assert call["media"]["sha256"] == digest


@pytest.mark.parametrize("operation", ["addCall", "addCallRecording"])
def test_a_retry_finishes_what_was_begun(gong: RunningEmulator, recording: Path, operation: str) -> None:
    gong.add_faults(Fault(operation=operation, nth=1, action="status", status=429, retry_after=3600))
    with pytest.raises(GongDailyQuotaError):
        upload(new_call(gong), recording)
    reopen_budget()
    assert upload(new_call(gong), recording)["state"] == "uploaded"
    (call,) = imported(gong)
    assert call["media"]["received"] == 1


def test_another_run_does_not_send_the_call_again(gong: RunningEmulator, recording: Path) -> None:
    first = upload(new_call(gong), recording)
    second = upload(new_call(gong), recording, run_id="second")
    assert second == first
    assert len(gong.requests("addCall")) == 1


def test_other_content_under_the_same_id_is_refused(gong: RunningEmulator, recording: Path) -> None:
    call_id = upload(new_call(gong), recording)["call_id"]
    with pytest.raises(AirflowFailException, match=f"already sent with different content, as call {call_id}"):
        upload(new_call(gong, title="Corrected"), recording)


@pytest.mark.parametrize("on_existing", ["resume", "skip"])
@pytest.mark.parametrize("is_processed", [False, True], ids=["in processing", "processed"])
def test_a_call_of_somebody_else_is_left_alone(
    gong: RunningEmulator, recording: Path, on_existing: str, is_processed: bool
) -> None:
    theirs = their_call(gong)
    with GongHook() as hook:
        hook.calls.upload_media(theirs, recording)
    gong.advance(3600 if is_processed else 60)
    result = upload(new_call(gong), recording, on_existing=on_existing)
    assert (result["call_id"], result["state"]) == (theirs, "exists")
    assert len(gong.requests("addCallRecording")) == 1


def test_a_call_of_somebody_else_without_a_recording_is_no_success(gong: RunningEmulator, recording: Path) -> None:
    theirs = their_call(gong)
    for _ in range(2):
        with pytest.raises(
            GongImportUnfinishedError, match=rf"call {theirs}, whose recording cannot be read"
        ) as caught:
            upload(new_call(gong), recording)
        assert caught.value.retry_after == 600
        assert f"GongUploadCallMediaOperator(call_id='{theirs}')" in str(caught.value)
    assert not gong.requests("addCallRecording")


def test_a_call_without_a_recording_is_left_alone_when_asked_to(gong: RunningEmulator, recording: Path) -> None:
    theirs = their_call(gong)
    assert upload(new_call(gong), recording, on_existing="skip")["state"] == "exists"
    assert [call["id"] for call in imported(gong)] == [theirs]


def test_a_call_without_a_recording_is_completed_when_asked_to(gong: RunningEmulator, recording: Path) -> None:
    theirs = their_call(gong)
    result = upload(new_call(gong), recording, on_existing="complete")
    (call,) = imported(gong)
    assert (result["call_id"], result["state"], call["media"]["received"]) == (theirs, "uploaded", 1)


@pytest.mark.parametrize("on_existing", ["resume", "complete"])
def test_another_call_with_the_same_id_fails_the_task(gong: RunningEmulator, recording: Path, on_existing: str) -> None:
    with GongHook() as hook:
        theirs = hook.calls.create(new_call(gong, actualStart="2020-01-01T00:00:00Z")).call_id
        hook.calls.upload_media(theirs, recording)
    gong.advance(3600)
    with pytest.raises(AirflowFailException, match=f"belongs to call {theirs}, which is another one: it started at"):
        upload(new_call(gong), recording, on_existing=on_existing)
    assert len(gong.requests("addCallRecording")) == 1


def test_a_call_of_somebody_else_fails_the_task_when_asked_to(gong: RunningEmulator, recording: Path) -> None:
    theirs = their_call(gong)
    with pytest.raises(AirflowFailException, match=f"already belongs to call {theirs}"):
        upload(new_call(gong), recording, on_existing="fail")


def test_a_wrong_call_is_refused_before_anything_is_sent(gong: RunningEmulator, recording: Path) -> None:
    before = len(gong.requests())
    with pytest.raises(AirflowFailException, match=r"actualStart.*offset"):
        upload(new_call(gong, actualStart="2026-03-01T10:00:00"), recording)
    with pytest.raises(AirflowFailException, match=r"downloadMediaUrl"):
        upload(new_call(gong, downloadMediaUrl="https://example.com/1.wav"), recording)
    assert len(gong.requests()) == before


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"", "empty file"), (b"just text, no sound at all", "WAV, MP3, MP4, MKV or FLAC")],
    ids=["empty", "text"],
)
def test_a_wrong_recording_is_refused_before_anything_is_sent(
    gong: RunningEmulator, tmp_path: Path, content: bytes, text: str
) -> None:
    wrong = tmp_path / "wrong.wav"
    wrong.write_bytes(content)
    with pytest.raises(AirflowFailException, match=text):
        upload(new_call(gong), wrong)
    assert not imported(gong)


def test_a_short_recording_is_refused(gong: RunningEmulator, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match="lasts 30 s"):
        upload(new_call(gong), write_wav(tmp_path / "short.wav", seconds=30, seed=2))


def test_the_same_recording_on_another_call_names_that_call(gong: RunningEmulator, recording: Path) -> None:
    first = upload(new_call(gong), recording)["call_id"]
    with pytest.raises(AirflowFailException, match=f"same recording as that of call {first}"):
        upload(new_call(gong, "pbx-2"), recording, run_id="second")


def attempt(call: dict[str, Any], recording: Path, number: int, state: TaskState | None) -> dict[str, Any]:
    operator = GongUploadCallOperator(task_id="upload", call=call, media=str(recording))
    context = task_context(try_number=number)
    if state is not None:
        context["task_state_store"] = state
    return operator.execute(context)


@pytest.mark.parametrize("operation", ["addCall", "addCallRecording"])
def test_a_retry_on_a_new_host_finishes_what_was_begun(
    gong: RunningEmulator,
    recording: Path,
    task_state: TaskState,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
) -> None:
    gong.add_faults(Fault(operation=operation, nth=1, action="status", status=429, retry_after=3600))
    with pytest.raises(GongDailyQuotaError):
        attempt(new_call(gong), recording, 1, task_state)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    result = attempt(new_call(gong), recording, 2, task_state.next())
    (call,) = imported(gong)
    assert (result["call_id"], result["state"]) == (call["id"], "uploaded")
    assert call["media"]["received"] == 1
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "third"))
    sent = len(gong.requests())
    assert attempt(new_call(gong), recording, 3, task_state.next().next()) == result
    assert len(gong.requests()) == sent


def test_without_a_shared_record_a_retry_on_a_new_host_is_no_success(
    gong: RunningEmulator, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gong.add_faults(Fault(operation="addCallRecording", nth=1, action="status", status=429, retry_after=3600))
    with pytest.raises(GongDailyQuotaError):
        attempt(new_call(gong), recording, 1, None)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    with pytest.raises(GongImportUnfinishedError, match="an earlier attempt of this task whose record is lost"):
        attempt(new_call(gong), recording, 2, None)


@pytest.mark.parametrize("name", ["blocked_text", "forbidden_page", "login_redirect", "too_large", "unauthorized_page"])
def test_a_retry_on_a_new_host_finishes_what_somebody_else_has_answered(
    gong: RunningEmulator,
    recording: Path,
    task_state: TaskState,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Gong has created the call, and something in its place has answered: the record stays."""
    gong.add_faults(foreign_answer(name, operation="addCall", nth=1, when="after"))
    with pytest.raises((GongError, AirflowFailException)):
        attempt(new_call(gong), recording, 1, task_state)
    gong.clear_faults()
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    result = attempt(new_call(gong), recording, 2, task_state.next())
    (call,) = imported(gong)
    assert (result["call_id"], result["state"]) == (call["id"], "uploaded")
    assert call["media"]["received"] == 1


def test_other_content_is_refused_on_a_new_host_as_well(
    gong: RunningEmulator, recording: Path, task_state: TaskState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = attempt(new_call(gong), recording, 1, task_state)["call_id"]
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    with pytest.raises(AirflowFailException, match=f"already sent with different content, as call {call_id}"):
        attempt(new_call(gong, title="Corrected"), recording, 2, task_state.next())


def test_a_refused_call_is_corrected_and_sent(
    gong: RunningEmulator, recording: Path, task_state: TaskState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = user_id(gong, "noor.haddad@example.com")
    with pytest.raises(AirflowFailException, match="call import"):
        attempt(new_call(gong, primaryUser=host, parties=[{"userId": host}]), recording, 1, task_state)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "second"))
    assert attempt(new_call(gong), recording, 2, task_state.next())["state"] == "uploaded"
