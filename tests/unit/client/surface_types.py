"""What the type checker knows of the API's surface; checked by ``make check``, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, assert_type

from airflow_provider_gong.client import AsyncGongClient, GongClient, MediaFile
from airflow_provider_gong.client.models import (
    Call,
    CallTranscript,
    CreatedCall,
    CreatedMeeting,
    DeletedMeeting,
    ExtensiveCall,
    MeetingIntegrationStatus,
    UpdatedMeeting,
    UploadedMedia,
    User,
    UserSettingsHistory,
    Workspace,
)
from airflow_provider_gong.hooks.gong import GongHook

WINDOW = {"fromDateTime": "2026-01-01T00:00:00Z"}


def with_threads(client: GongClient | GongHook) -> None:
    assert_type(client.calls.create({}), CreatedCall)
    assert_type(client.calls.upload_media("1", Path("1.wav")), UploadedMedia)
    assert_type(client.calls.get(call_id="1"), Call)
    assert_type(client.calls.list(WINDOW), Iterator[Call])
    assert_type(client.calls.list_extensive(WINDOW), Iterator[ExtensiveCall])
    assert_type(client.calls.list_transcripts(WINDOW), Iterator[CallTranscript])
    assert_type(client.meetings.create({}), CreatedMeeting)
    assert_type(client.meetings.update("1", {}), UpdatedMeeting)
    assert_type(client.meetings.delete("1", missing_ok=True), DeletedMeeting | None)
    assert_type(client.meetings.integration_status(["rosa@example.com"]), list[MeetingIntegrationStatus])
    assert_type(client.users.list(include_avatars=True), Iterator[User])
    assert_type(client.users.list_extensive({}), Iterator[User])
    assert_type(client.users.get("1"), User)
    assert_type(client.users.settings_history("1"), list[UserSettingsHistory])
    assert_type(client.workspaces.list(), Iterator[Workspace])
    assert_type(client.run("listFlows"), dict[str, Any])
    assert_type(client.run_all("listFlows"), Iterator[dict[str, Any]])


async def with_an_event_loop(client: AsyncGongClient, media: MediaFile) -> None:
    await assert_type(client.calls.create({}), Coroutine[Any, Any, CreatedCall])
    assert_type(await client.calls.upload_media("1", media), UploadedMedia)
    assert_type(await client.calls.get("1"), Call)
    assert_type(client.calls.list(WINDOW), AsyncIterator[Call])
    assert_type(await client.meetings.delete("1"), DeletedMeeting | None)
    assert_type(await client.users.settings_history("1"), list[UserSettingsHistory])
    assert_type(client.workspaces.list(), AsyncIterator[Workspace])
    assert_type(await client.run("listFlows"), dict[str, Any])
    assert_type(client.run_all("listFlows"), AsyncIterator[dict[str, Any]])


def with_mistakes(client: GongClient) -> None:
    client.calls.get(1)  # type: ignore[arg-type]
    client.calls.get()  # type: ignore[call-arg]
    client.meetings.delete("1", missing=True)  # type: ignore[call-arg]
    client.calls.find("1")  # type: ignore[attr-defined]
