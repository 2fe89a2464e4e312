from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import threading
import time
import uuid
from types import SimpleNamespace

import certifi
import pytest

from airflow_provider_gong._compat import BaseHook
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.triggers import calls
from airflow_provider_gong.triggers.calls import GongCallProcessedTrigger
from tests.support.recordings import write_wav
from tests.unit.hooks.support import PROCESSING_SECONDS, connection_json, new_call

SOON = 0.05
FAR = 3600.0


def trigger_of(call_id: str, *, left: float = FAR, poll_interval: float = 0.01) -> GongCallProcessedTrigger:
    return GongCallProcessedTrigger("gong_default", call_id, end_time=time.time() + left, poll_interval=poll_interval)


def event_of(trigger: GongCallProcessedTrigger):
    async def only_event():
        (event,) = [event async for event in trigger.run()]
        return event.payload

    return asyncio.run(only_event())


@pytest.fixture
def call_id(gong: RunningEmulator, tmp_path) -> str:
    with GongHook() as hook:
        call_id = hook.calls.create(new_call(gong)).call_id
        hook.calls.upload_media(call_id, write_wav(tmp_path / "1.wav", seconds=61, seed=1))
    return call_id


def test_processed_call_is_sent_as_json(gong, call_id):
    gong.advance(PROCESSING_SECONDS)
    event = event_of(trigger_of(call_id))
    assert event["status"] == "processed"
    assert (event["call"]["id"], event["call"]["client_unique_id"]) == (call_id, "pbx-1")
    assert json.loads(json.dumps(event)) == event


async def reads(gong: RunningEmulator, at_least: int) -> None:
    while len(gong.requests("getCall")) < at_least:  # noqa: ASYNC110 - the emulator runs in another thread
        await asyncio.sleep(0.01)


def test_call_is_read_until_it_is_processed(gong, call_id):
    async def watch():
        waiting = asyncio.create_task(anext(trigger_of(call_id).run()))
        await reads(gong, at_least=3)
        assert not waiting.done()
        gong.advance(PROCESSING_SECONDS)
        return (await waiting).payload

    assert asyncio.run(watch())["status"] == "processed"


def test_call_that_is_not_found_is_waited_for(gong):
    async def watch() -> bool:
        waiting = asyncio.create_task(anext(trigger_of("123").run()))
        await reads(gong, at_least=3)
        waiting.cancel()
        return waiting.done()

    assert not asyncio.run(watch())


def test_connection_and_certificates_are_loaded_outside_of_the_event_loop(gong, tmp_path, monkeypatch):
    # No client has read these before.
    monkeypatch.setenv("SSL_CERT_FILE", str(shutil.copy(certifi.where(), tmp_path / "authorities.pem")))
    threads = []

    def noting_its_thread(function):
        def call(*args, **kwargs):
            threads.append(threading.get_ident())
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr(BaseHook, "get_connection", noting_its_thread(BaseHook.get_connection))
    # What httpx calls depends on its version.
    load = ssl.SSLContext.load_verify_locations
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", noting_its_thread(load))
    event_of(trigger_of("123", left=-1))
    assert len(threads) >= 2
    assert threading.get_ident() not in threads


def test_deadline_is_told_with_gongs_last_answer(gong, call_id):
    event = event_of(trigger_of(call_id, left=-1))
    assert event["status"] == "timeout"
    assert f"Call ID {call_id} is not ready yet" in event["message"]
    assert len(gong.requests("getCall")) == 1


def test_request_limits_are_waited_out(gong, call_id, monkeypatch):
    company = {"company": uuid.uuid4().hex}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra=company))
    gong.add_faults(Fault(action="status", status=429, retry_after=3600, operation="getCall", nth=1))
    event = event_of(trigger_of(call_id, left=SOON))
    assert event["status"] == "timeout"
    assert "requests for the day are used up" in event["message"]
    assert len(gong.requests("getCall")) == 1


class Woken(BaseException):
    """The sleep ends here."""


def test_trigger_sleeps_for_as_long_as_the_budget_is_spent(gong, call_id, monkeypatch):
    company = {"company": uuid.uuid4().hex}
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra=company))
    gong.add_faults(Fault(action="status", status=429, retry_after=3600, operation="getCall", nth=1))
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise Woken

    monkeypatch.setattr(calls, "asyncio", SimpleNamespace(sleep=sleep))
    with pytest.raises(Woken):
        event_of(trigger_of(call_id, left=3 * FAR, poll_interval=60.0))
    assert 3590 <= slept[0] <= 3660


def test_wrong_key_ends_the_wait(gong, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, password="wrong-secret"))
    event = event_of(trigger_of("123"))
    assert (event["status"], event["error"]) == ("error", "GongAuthenticationError")
    assert "Gong does not accept the credentials." in event["message"]
    assert "wrong-secret" not in event["message"]


def test_redirecting_host_ends_the_wait(gong):
    gong.add_faults(Fault(action="redirect", url="https://gong.example.com/", nth=1))
    assert event_of(trigger_of("123"))["error"] == "GongRedirectError"


def test_wrong_connection_ends_the_wait(gong, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, login=None))
    event = event_of(trigger_of("123"))
    assert event["error"] == "GongConnectionConfigError"
    assert "login is missing" in event["message"]


def test_missing_connection_ends_the_wait(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_GONG_DEFAULT", raising=False)
    event = event_of(GongCallProcessedTrigger("gong_nowhere", "123", end_time=time.time() + FAR, poll_interval=1))
    assert event["status"] == "error"
    assert "gong_nowhere" in event["message"]
