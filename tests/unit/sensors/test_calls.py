from __future__ import annotations

import asyncio
import time
import uuid
from datetime import timedelta

import pytest

from airflow_provider_gong._compat import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    TaskDeferred,
)
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.links import CALL_URL_KEY
from airflow_provider_gong.sensors.calls import (
    GongCallNotProcessedError,
    GongCallProcessedSensor,
    GongCallSensorError,
    GongTriggerEventError,
)
from tests.support.recordings import write_wav
from tests.unit.hooks.support import PROCESSING_SECONDS, connection_json, new_call, task_context


def sensor(call_id: str, **options) -> GongCallProcessedSensor:
    values = {"poke_interval": 0.01, "timeout": 0.05, "deferrable": False, **options}
    return GongCallProcessedSensor(task_id="wait", call_id=call_id, **values)


def deferral_of(operator: GongCallProcessedSensor) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(task_context())
    return deferred.value


def resumed(operator: GongCallProcessedSensor, event, context=None):
    return operator.resume_execution("execute_complete", {"event": event}, context or task_context())


def uploaded(gong: RunningEmulator, folder, seconds: float = 61) -> str:
    with GongHook() as hook:
        call_id = hook.calls.create(new_call(gong)).call_id
        hook.calls.upload_media(call_id, write_wav(folder / "1.wav", seconds=seconds, seed=1))
    return call_id


@pytest.fixture
def call_id(gong: RunningEmulator, tmp_path) -> str:
    return uploaded(gong, tmp_path)


def test_processed_call_is_returned(gong, call_id):
    gong.advance(PROCESSING_SECONDS)
    context = task_context()
    call = sensor(call_id).execute(context)
    assert (call["id"], call["client_unique_id"]) == (call_id, "pbx-1")
    assert context["ti"].xcoms == {CALL_URL_KEY: call["url"]}


def test_call_in_processing_is_not_there_yet(gong, call_id):
    operator = sensor(call_id)
    assert not operator.poke(task_context())
    gong.advance(PROCESSING_SECONDS)
    assert operator.poke(task_context())


def test_error_at_the_deadline_says_that_gong_is_still_processing(call_id):
    with pytest.raises(AirflowException) as caught:
        sensor(call_id).execute(task_context())
    text = str(caught.value)
    assert text.startswith("Sensor has timed out")
    assert f"Call ID {call_id} is not ready yet" in text
    reasons = ["shorter than 60 seconds", "no speech", "another call", "turned off for the host", "may not see"]
    assert [reason in text for reason in reasons] == [True] * 5
    assert [text.index(reason) for reason in reasons] == sorted(text.index(reason) for reason in reasons)


def test_error_at_the_deadline_says_that_gong_dropped_the_call(gong, tmp_path):
    dropped = uploaded(gong, tmp_path, seconds=10)
    gong.advance(PROCESSING_SECONDS)
    with pytest.raises(AirflowException, match=f"Call ID {dropped} was not found"):
        sensor(dropped).execute(task_context())


def test_deadline_of_a_soft_sensor_skips_with_the_reasons(call_id):
    with pytest.raises(AirflowSkipException, match="shorter than 60 seconds"):
        sensor(call_id, soft_fail=True).execute(task_context())


def test_limits_are_waited_out(gong, call_id, monkeypatch):
    company = {"company": uuid.uuid4().hex}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra=company))
    gong.add_faults(Fault(action="status", status=429, retry_after=3600, operation="getCall", nth=1))
    with pytest.raises(AirflowException, match=r"Sensor has timed out.*requests for the day are used up"):
        sensor(call_id).execute(task_context())
    assert len(gong.requests("getCall")) == 1


def test_wrong_key_fails_for_good(gong, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, password="wrong-secret"))
    with pytest.raises(AirflowFailException, match="Gong does not accept the credentials") as caught:
        sensor("123", timeout=60).execute(task_context())
    assert "shorter than" not in str(caught.value)
    assert "wrong-secret" not in str(caught.value)


def test_redirecting_host_fails_for_good(gong):
    gong.add_faults(Fault(action="redirect", url="https://gong.example.com/", nth=1))
    with pytest.raises(AirflowFailException, match="redirects to another address"):
        sensor("123", timeout=60).execute(task_context())


def test_not_found_by_a_host_that_is_not_gong_is_not_waited_out(gong, monkeypatch, other_web_server):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, host=other_web_server.url))
    with pytest.raises(AirflowFailException, match="not one of Gong's API"):
        sensor("123", timeout=60).execute(task_context())


def test_call_is_a_template(gong, call_id):
    gong.advance(PROCESSING_SECONDS)
    operator = sensor("{{ params.call_id }}", gong_conn_id="{{ params.conn }}")
    context = {**task_context(), "params": {"call_id": call_id, "conn": "gong_default"}}
    operator.render_template_fields(context)
    assert operator.execute(context)["id"] == call_id


def test_deferred_sensor_waits_in_the_triggerer_until_its_deadline(gong):
    before = time.time()
    deferred = deferral_of(sensor("123", deferrable=True, timeout=3600, poke_interval=60))
    _, arguments = deferred.trigger.serialize()
    assert (arguments["call_id"], arguments["gong_conn_id"], arguments["poll_interval"]) == ("123", "gong_default", 60)
    assert before + 3600 <= arguments["end_time"] <= time.time() + 3600
    assert deferred.timeout > timedelta(seconds=3600)
    assert gong.requests() == []


def test_deferred_sensor_returns_the_call_that_the_trigger_read(gong, call_id):
    gong.advance(PROCESSING_SECONDS)
    operator, context = sensor(call_id, deferrable=True), task_context()
    event = asyncio.run(anext(deferral_of(operator).trigger.run())).payload
    call = resumed(operator, event, context)
    assert call["id"] == call_id
    assert context["ti"].xcoms == {CALL_URL_KEY: call["url"]}


def test_deferred_sensor_tells_what_gong_said_last(call_id):
    operator = sensor(call_id, deferrable=True, timeout=0)
    event = asyncio.run(anext(deferral_of(operator).trigger.run())).payload
    with pytest.raises(GongCallNotProcessedError) as caught:
        resumed(operator, event)
    assert f"Call ID {call_id} is not ready yet" in str(caught.value)
    assert "shorter than 60 seconds" in str(caught.value)


def test_deferred_sensor_fails_with_the_triggers_error():
    event = {"status": "error", "error": "GongAuthenticationError", "message": "Gong does not accept the credentials."}
    with pytest.raises(GongCallSensorError, match=r"GongAuthenticationError: Gong does not accept the credentials\."):
        resumed(sensor("123", deferrable=True), event)


@pytest.mark.parametrize(
    "event", [None, "processed", {}, {"status": "done"}, {"status": "processed"}, {"status": "timeout", "message": 3}]
)
def test_events_that_are_not_understood_are_errors(event):
    with pytest.raises(GongTriggerEventError, match="call 123 sent an unknown event"):
        resumed(sensor("123", deferrable=True), event)


@pytest.mark.parametrize(
    "event",
    [
        {"status": "timeout", "message": "Not found."},
        {"status": "error", "error": "GongPermissionError", "message": "No."},
        None,
    ],
)
def test_soft_sensor_is_skipped_when_its_trigger_fails(event):
    with pytest.raises(AirflowSkipException):
        resumed(sensor("123", deferrable=True, soft_fail=True), event)
