"""What uploading costs: memory and time of a large recording, requests and time of an import, work on the ledger."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.media import MediaFile
from airflow_provider_gong.client.pacing import Share
from airflow_provider_gong.emulator import Fault, RunningEmulator, running_emulator
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import PlannedRow
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store, folder_url
from tests.support.postgres import running_postgres
from tests.support.recordings import manifest_row, write_manifest, write_night
from tests.unit.call_import.conftest import NightlyImport

# Ten times Gong's own limit and a tenth of its usual time to answer, so that an hour is measured in six minutes.
_REQUESTS_PER_SECOND = 30
_ANSWER_SECONDS = 0.03
_MEGABYTE = 1_000_000
_PROJECT = Path(__file__).parents[2]
_SENDER = "from tests.benchmarks.uploads import send_file; send_file()"


def push(*, megabytes: int) -> list[dict[str, Any]]:
    """Return time and memory of one large recording, by our client and by curl, to the same emulator."""
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as folder, running_emulator() as gong:
        file = Path(folder) / "recording.wav"
        _write_large(file, megabytes)
        ours, curl = _push_ours(gong, file), _push_by_curl(gong, file)
        return [{**row, "times curl": round(row["seconds"] / curl["seconds"], 2)} for row in (ours, curl)]


def _push_ours(gong: RunningEmulator, file: Path) -> dict[str, Any]:
    settings = [gong.url, gong.access_key, gong.access_key_secret, _new_call(gong, "ours"), str(file)]
    command = [sys.executable, "-c", _SENDER, json.dumps(settings)]
    sent = subprocess.run(command, cwd=_PROJECT, check=True, stdout=subprocess.PIPE)
    return {"sender": "GongClient", **json.loads(sent.stdout)}


def _push_by_curl(gong: RunningEmulator, file: Path) -> dict[str, Any]:
    with file.open("r+b") as other:
        other.seek(100)
        other.write(b"another recording")
    url = f"{gong.url}/v2/calls/{_new_call(gong, 'curl')}/media"
    credentials = base64.b64encode(f"{gong.access_key}:{gong.access_key_secret}".encode()).decode()
    command = [
        "curl",
        "-sSf",
        "-X",
        "PUT",
        "-H",
        f"Authorization: Basic {credentials}",
        "-F",
        f"mediaFile=@{file}",
        url,
    ]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {"sender": "curl -F", "seconds": round(time.perf_counter() - began, 2), "memory grew MiB": ""}


def send_file() -> None:
    """Send one recording and print what it took; the settings are the last argument."""
    url, key, secret, call_id, file = json.loads(sys.argv[-1])
    with GongClient(url, AccessKeyAuth(key, secret)) as client:
        list(client.users.list())
        before, began = _peak_mib_from_now(), time.perf_counter()
        client.calls.upload_media(call_id, MediaFile.at(Path(file)))
        seconds = round(time.perf_counter() - began, 2)
    print(json.dumps({"seconds": seconds, "memory grew MiB": round(_peak_mib() - before, 1)}))


def imports(*, calls: int) -> list[dict[str, Any]]:
    """Return requests and time of imports, and of a script that sends one call after the other."""
    with _company() as gong, tempfile.TemporaryDirectory(prefix="gong-benchmark-") as name:
        folder = Path(name)
        rows = [manifest_row(number) for number in range(1, calls + 1)]
        write_night(folder, rows)
        return [
            _import(gong, folder, folder / "manifest.csv", "push"),
            _import(gong, folder, _pull_manifest(folder, rows), "pull"),
            _serial(gong, folder, rows),
        ]


def _company() -> AbstractContextManager[RunningEmulator]:
    return running_emulator(requests_per_second=_REQUESTS_PER_SECOND, requests_per_day=0, processing_seconds=0)


def _pull_manifest(folder: Path, rows: Sequence[dict[str, str]]) -> Path:
    urls = ({**row, "media": f"https://files.example.com/{row['client_unique_id']}.wav"} for row in rows)
    return write_manifest(folder / "pull.csv", list(urls))


def _import(gong: RunningEmulator, folder: Path, manifest: Path, media_mode: str) -> dict[str, Any]:
    gong.reset()
    with closing(Store.in_folder(folder / media_mode)) as store:
        night = NightlyImport(gong, store, folder)
        share = Share(_REQUESTS_PER_SECOND, 10**6)
        night.options["budget"] = SharedBudget(Store(folder_url(folder / media_mode), durable=False), "emulated", share)
        night.async_options["one_slot_ahead"] = True
        night.plan(manifest, media_mode=media_mode)
        with _slow_answers(gong) as stopwatch:
            night.upload(in_flight=8)
        night.finish()
        verified = sum(state == "verified" for state in night.states().values())
    return _outcome(gong, f"import, {media_mode}", verified, stopwatch)


def _serial(gong: RunningEmulator, folder: Path, rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Send the rows as scripts do that are passed around: one after the other, and what is refused is passed over."""
    gong.reset()
    users = {user["emailAddress"]: user["id"] for user in gong.state()["users"]}
    arrived = 0
    with (
        httpx.Client(base_url=gong.url, auth=(gong.access_key, gong.access_key_secret)) as http,
        _slow_answers(gong) as stopwatch,
    ):
        for row in rows:
            arrived += _send_plainly(http, folder, row, users[row["primary_user"]])
    return _outcome(gong, "one after the other", arrived, stopwatch)


def _send_plainly(http: httpx.Client, folder: Path, row: Mapping[str, str], host: str) -> bool:
    call = {
        "clientUniqueId": row["client_unique_id"],
        "actualStart": row["actual_start"],
        "direction": row["direction"],
        "primaryUser": host,
        "parties": [{"userId": host}, {"name": row["party_1_name"], "emailAddress": row["party_1_email"]}],
    }
    created = http.post("/v2/calls", json=call)
    if not created.is_success:
        return False
    content = (folder / row["media"]).read_bytes()
    media = {"mediaFile": ("recording.wav", content, "audio/wav")}
    return http.put(f"/v2/calls/{created.json()['callId']}/media", files=media).is_success


@dataclass
class _Stopwatch:
    seconds: float = 0.0
    requests: int = 0


@contextmanager
def _slow_answers(gong: RunningEmulator) -> Iterator[_Stopwatch]:
    """Let Gong take its time for answers, and measure what is done meanwhile."""
    gong.add_faults(Fault(action="delay", seconds=_ANSWER_SECONDS, every=1))
    stopwatch = _Stopwatch()
    before, began = gong.state()["requests"]["accepted"], time.perf_counter()
    yield stopwatch
    stopwatch.seconds = time.perf_counter() - began
    stopwatch.requests = gong.state()["requests"]["accepted"] - before
    gong.clear_faults()


def _outcome(gong: RunningEmulator, name: str, arrived: int, upload: _Stopwatch) -> dict[str, Any]:
    counted = gong.state()["requests"]
    sent = counted["accepted"] + counted["refused"]
    return {
        "way": name,
        "calls that arrived": arrived,
        "seconds": round(upload.seconds, 1),
        "budget used %": round(100 * upload.requests / upload.seconds / _REQUESTS_PER_SECOND, 1),
        "requests per call": round(sent / arrived, 3),
        "refused %": round(100 * counted["refused"] / sent, 2),
    }


def ledgers(*, rows: int) -> list[dict[str, Any]]:
    """Return what the ledger costs for each row of an upload, without any request."""
    with tempfile.TemporaryDirectory(prefix="gong-benchmark-") as folder, running_postgres(durable=True) as server:
        urls = {"SQLite": f"sqlite:///{folder}/gong_store.db", "PostgreSQL": server.new_database()}
        return [_ledger(name, url, rows) for name, url in urls.items()]


def _ledger(name: str, url: str, rows: int) -> dict[str, Any]:
    with closing(Store(url)) as store:
        ledger = Ledger(store, "benchmark", "night")
        ledger.replace_plan("manifest.csv", [_planned(number) for number in range(rows)])
        began = time.perf_counter()
        while leases := ledger.lease("worker", limit=1, seconds=300):
            (lease,) = leases
            ledger.created(lease, "1", is_pulled=False)
            ledger.sending_media(lease)
            ledger.uploaded(lease, "0" * 64)
        milliseconds = 1000 * (time.perf_counter() - began) / rows
    return {"store": name, "rows": rows, "ms per row": round(milliseconds, 2)}


def _planned(number: int) -> PlannedRow:
    payload = {"clientUniqueId": f"pbx-{number}", "title": "Call", "parties": [{"name": "Dana Ortiz"}]}
    return PlannedRow(number, f"pbx-{number}", "Call", json.dumps(payload), f"{number}.wav", 10**6, f"{number:064}")


def _new_call(gong: RunningEmulator, name: str) -> str:
    host = gong.state()["users"][0]["id"]
    call = {"clientUniqueId": name, "actualStart": "2026-11-20T10:00:00Z", "direction": "Inbound"}
    with GongClient(gong.url, AccessKeyAuth(gong.access_key, gong.access_key_secret)) as client:
        created = client.calls.create({**call, "primaryUser": host, "parties": [{"userId": host}]})
    return created.call_id


def _write_large(path: Path, megabytes: int) -> None:
    chunk = os.urandom(_MEGABYTE)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        for _ in range(megabytes):
            file.writeframesraw(chunk)


def _peak_mib_from_now() -> float:
    """Forget the peak of what was done before."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_mib()


def _peak_mib() -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
