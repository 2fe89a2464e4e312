"""A recording is sent with the type of its content, whatever its name says."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from airflow_provider_gong.call_import.upload.single import plan_single_call, upload_single_call
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import AsyncGongClient
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.store.database import Store
from tests.support.boxes import FTYP, box, movie, track
from tests.support.recordings import write_wav
from tests.unit.client.misbehaving_server import answers_json, misbehaving_server

CALL = {
    "clientUniqueId": "pbx-1",
    "actualStart": "2026-11-20T09:30:00Z",
    "direction": "Inbound",
    "primaryUser": "234599484848423",
    "parties": [{"userId": "234599484848423"}],
}


def sent_type(store: Store, media: Path) -> str:
    """Plan and upload a call, and return the type that Gong is told."""
    ledger = Ledger(store, "emulated", media.name)
    plan_single_call(ledger, CALL, media)

    async def upload(url: str) -> None:
        async with AsyncGongClient(url, AccessKeyAuth("key", "secret"), budget=LocalBudget(1000, 1000)) as client:
            await upload_single_call(ledger, client, media, on_existing="resume")

    with misbehaving_server() as server:
        server.script.append(answers_json(200, {"requestId": "1", "callId": "123"}))
        server.script.append(answers_json(201, {"requestId": "2", "callId": "123", "url": "https://gong.example.com"}))
        asyncio.run(upload(server.url))
        _, received = server.received
    head = f"Content-Type: {received.headers['content-type']}\r\n\r\n".encode()
    (part,) = message_from_bytes(head + received.body, policy=policy.HTTP).get_payload()
    assert part.get_payload(decode=True) == media.read_bytes()
    return part.get_content_type()


@pytest.mark.parametrize("name", ["call.m4v", "call.mov", "call", "call.wav", "call.mp4"])
def test_the_content_decides(store: Store, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FTYP + movie(track(75)) + box(b"mdat", b"\x21" * 5000))
    assert sent_type(store, tmp_path / name) == "audio/mp4"


def test_a_wav_by_another_name(store: Store, tmp_path: Path) -> None:
    assert sent_type(store, write_wav(tmp_path / "call.mp3", seconds=61, seed=1)) == "audio/wav"
