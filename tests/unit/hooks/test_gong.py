from __future__ import annotations

import asyncio
import base64
import platform
import subprocess
import sys
import uuid
from importlib.metadata import version
from pathlib import Path

import pytest

from airflow_provider_gong import __version__
from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong.client import errors
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.hooks.connection import GongConnectionConfigError
from airflow_provider_gong.hooks.gong import GongHook
from tests.support.masking import airflows_redact
from tests.support.recordings import write_wav
from tests.unit.hooks.support import (
    DISCONNECTED,
    ORGANIZER,
    PROCESSING_SECONDS,
    connection_json,
    list_workspaces,
    meetings_in_gong,
    new_call,
    new_meeting,
    user_id,
)

WINDOW = {"fromDateTime": "2026-01-01T00:00:00Z", "toDateTime": "2026-04-01T00:00:00Z"}

_HEAVY_MODULES_LOADED = """
import sys
import airflow_provider_gong.hooks.gong, airflow_provider_gong.links
import airflow_provider_gong.operators.calls, airflow_provider_gong.operators.meetings
import airflow_provider_gong.sensors.calls, airflow_provider_gong.triggers.calls, airflow_provider_gong.triggers.timer
package = "airflow_provider_gong."
heavy = ("client.clients", "client.models", "client.resources.calls", "store.database", "store.schema", "emulator")
print([name for name in sys.modules if name.startswith(tuple(package + part for part in heavy))])
"""


@pytest.fixture
def hook(gong: RunningEmulator):
    with GongHook() as opened:
        yield opened


def processed_call(hook: GongHook, gong: RunningEmulator, folder: Path) -> str:
    call_id = hook.calls.create(new_call(gong)).call_id
    hook.calls.upload_media(call_id, write_wav(folder / "call.wav", seconds=61, seed=1))
    gong.advance(PROCESSING_SECONDS)
    return call_id


def test_making_a_hook_needs_no_connection(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_GONG_DEFAULT", raising=False)
    assert repr(GongHook("nowhere")) == "GongHook('nowhere')"


@pytest.mark.slow
def test_importing_what_dag_files_import_loads_neither_client_nor_store():
    completed = subprocess.run(
        [sys.executable, "-c", _HEAVY_MODULES_LOADED], capture_output=True, text=True, check=True, timeout=120
    )
    assert completed.stdout.splitlines()[-1] == "[]"


def test_calls_are_created_uploaded_and_read(hook, gong, tmp_path):
    call_id = processed_call(hook, gong, tmp_path)
    assert hook.calls.get(call_id).client_unique_id == "pbx-1"
    assert call_id in [call.id for call in hook.calls.list(WINDOW)]
    extensive = list(hook.calls.list_extensive({"callIds": [call_id]}, {"exposedFields": {"parties": True}}))
    assert [party.phone_number for party in extensive[0].parties][1:] == ["+1 202-555-0199"]
    transcripts = list(hook.calls.list_transcripts({"call_ids": [call_id]}))
    assert [transcript.call_id for transcript in transcripts] == [call_id]


@pytest.mark.parametrize(
    "kind", [str, Path, ObjectStoragePath, "file://{}".format], ids=["text", "path", "object", "url"]
)
def test_media_come_from_paths_and_object_stores(hook, gong, tmp_path, kind):
    path = write_wav(tmp_path / "call.wav", seconds=61, seed=1)
    call_id = hook.calls.create(new_call(gong)).call_id
    uploaded = hook.calls.upload_media(call_id, kind(str(path)))
    assert uploaded.call_id == call_id
    stored = next(call for call in gong.state()["calls"] if call["id"] == call_id)
    assert stored["media"]["bytes"] == path.stat().st_size


def test_missing_media_are_found_out_before_anything_is_sent(hook, gong, tmp_path):
    with pytest.raises(FileNotFoundError):
        hook.calls.upload_media("1", tmp_path / "missing.wav")
    assert gong.requests() == []


def test_listings_send_nothing_before_they_are_read(hook, gong):
    rows = hook.calls.list(WINDOW)
    assert gong.requests() == []
    assert len(list(rows)) > 0


@pytest.mark.parametrize("ident", ["894411314421502864", "rosa@example.com"])
def test_an_unknown_user_is_explained(hook, ident):
    # Gong calls what is no number a bad request.
    with pytest.raises(
        (errors.GongNotFoundError, errors.GongValidationError),
        match=r"not an e-mail address, and users\.list\(\) has those of",
    ):
        hook.users.get(ident)


def test_meetings_are_created_updated_and_deleted(hook, gong):
    created = hook.meetings.create(new_meeting())
    hook.meetings.update(created.meeting_id, new_meeting(title="Moved"))
    assert [meeting["title"] for meeting in meetings_in_gong(gong)] == ["Moved"]
    hook.meetings.delete(created.meeting_id, ORGANIZER)
    assert meetings_in_gong(gong) == []


def test_deleting_a_missing_meeting_is_an_error_unless_it_is_expected(hook):
    with pytest.raises(errors.GongNotFoundError):
        hook.meetings.delete("123")
    assert hook.meetings.delete("123", missing_ok=True) is None


def test_another_organizers_meeting_is_not_taken_for_a_missing_one(hook, gong):
    created = hook.meetings.create(new_meeting())
    with pytest.raises(errors.GongNotFoundError, match="organizer email"):
        hook.meetings.delete(created.meeting_id, "priya.raman@example.com", missing_ok=True)
    assert len(meetings_in_gong(gong)) == 1


def test_integration_status_is_asked_for_a_hundred_users_at_a_time(hook, gong):
    emails = [ORGANIZER, DISCONNECTED, *(f"user{number}@example.com" for number in range(199))]
    statuses = hook.meetings.integration_status(emails)
    assert [status.email for status in statuses] == emails
    assert [status.valid for status in statuses[:3]] == [True, False, False]
    assert len(gong.requests("integrationStatus")) == 3


def test_integration_status_of_a_text_is_refused(hook, gong):
    with pytest.raises(errors.GongValidationError, match="emails: must be a list"):
        hook.meetings.integration_status(ORGANIZER)
    assert gong.requests() == []


def test_users_and_workspaces_are_read(hook, gong):
    host = user_id(gong)
    assert host in [user.id for user in hook.users.list()]
    assert [user.id for user in hook.users.list_extensive({"userIds": [host]})] == [host]
    assert hook.users.get(host).email_address == ORGANIZER
    assert "callsImported" in [change.setting for change in hook.users.settings_history(host)]
    assert [workspace.name for workspace in hook.workspaces.list()] == ["Sales", "Customer Success"]


def test_any_operation_can_be_run(hook, gong):
    host = user_id(gong)
    assert hook.run("getUser", path={"id": host})["user"]["id"] == host
    calls = list(hook.run_all("listCalls", query=WINDOW))
    assert all(call["id"].isdigit() for call in calls)
    assert len(calls) == 5


def test_what_gong_ignores_is_logged(hook, gong, caplog):
    call = new_call(gong)
    call["parties"].append({"partyId": "3"})
    hook.calls.create(call)
    hook.meetings.create(new_meeting(invitees=[]))
    assert "call parties[2]: has no name" in caplog.text
    assert "meeting invitees: no one is invited." in caplog.text


def test_hook_opens_again_after_it_was_closed(gong):
    hook = GongHook()
    list(hook.workspaces.list())
    hook.close()
    hook.close()
    list(hook.workspaces.list())
    hook.close()
    assert len(gong.requests("listWorkspaces")) == 2


def test_store_is_a_file_below_airflow_home(hook, tmp_path):
    with GongHook() as other:
        assert hook.store.id == other.store.id
    assert list((tmp_path / "gong").glob("*.db"))


def test_store_of_another_connection(gong, monkeypatch, tmp_path):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", f"sqlite:///{tmp_path}/shared/store.db")
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"store_conn_id": "gong_store"}))
    with GongHook() as one, GongHook() as other:
        assert one.store.id == other.store.id
    assert (tmp_path / "shared" / "store.db").exists()
    assert not (tmp_path / "gong").exists()


def test_limits_longer_than_max_wait_are_errors(gong, monkeypatch):
    company = uuid.uuid4().hex
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"company": company}))
    gong.add_faults(Fault(action="status", status=429, retry_after=120, nth=1))
    with pytest.raises(errors.GongRateLimitError) as caught:
        list_workspaces(max_wait=5)
    assert caught.value.retry_after == pytest.approx(120, abs=5)
    with pytest.raises(errors.GongRateLimitError), GongHook(max_wait=5) as hook:
        list(hook.users.list())
    assert len(gong.requests()) == 1


def test_user_agent_names_all_versions(gong, monkeypatch, other_web_server):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, host=other_web_server.url))
    assert not GongHook().test_connection()[0]
    (agent,) = other_web_server.user_agents
    airflow, python = version("apache-airflow"), platform.python_version()
    assert agent == f"airflow-provider-gong/{__version__} Airflow/{airflow} Python/{python}"


def test_wrong_key_is_an_authentication_error(gong, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, password="wrong-secret"))
    with GongHook() as hook, pytest.raises(errors.GongAuthenticationError) as caught:
        list(hook.users.list())
    assert "wrong-secret" not in str(caught.value)


def test_redirects_are_refused(hook, gong):
    gong.add_faults(Fault(action="redirect", url="https://gong.example.com/", nth=1))
    with pytest.raises(errors.GongRedirectError):
        list(hook.users.list())


def test_missing_fields_are_named(gong, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, login=""))
    with pytest.raises(GongConnectionConfigError, match="login is missing"):
        _ = GongHook().company


def test_async_client_from_an_event_loop(gong):
    async def workspaces() -> list[str]:
        async with await GongHook().get_async_client() as client:
            answer = await client.run("listWorkspaces")
        return [workspace["name"] for workspace in answer["workspaces"]]

    assert asyncio.run(workspaces()) == ["Sales", "Customer Success"]


def test_async_client_of_a_hook_that_was_used(hook):
    list(hook.workspaces.list())

    async def users() -> int:
        async with hook.async_client() as client:
            return len((await client.run("listUsers"))["users"])

    assert asyncio.run(users()) == 12


def test_async_clients_fail_with_the_connections_problem(gong, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, extra={"timezone": "Nowhere"}))
    with pytest.raises(GongConnectionConfigError, match="timezone"):
        asyncio.run(GongHook().get_async_client())


@pytest.mark.parametrize("in_loop", [False, True], ids=["thread", "event loop"])
def test_secrets_are_masked_in_logs(gong, monkeypatch, in_loop):
    redact = airflows_redact()
    key, secret = f"key-{uuid.uuid4().hex}", f"secret-{uuid.uuid4().hex}"
    monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection_json(gong, login=key, password=secret))
    if in_loop:
        asyncio.run(GongHook().get_async_client())
    else:
        _ = GongHook().settings
    token = base64.b64encode(f"{key}:{secret}".encode()).decode()
    assert redact(f"sent {key}, {secret} and Basic {token}.") == "sent ***, *** and Basic ***."
