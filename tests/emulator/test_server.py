from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from airflow_provider_gong.emulator import ManualClock, RunningEmulator, running_emulator
from airflow_provider_gong.emulator.company.recordings.folder import KEPT_BYTES

from .conftest import HOST_EMAIL, wav

COMMAND = [sys.executable, "-m", "airflow_provider_gong.emulator"]


def client_of(running: RunningEmulator) -> httpx.Client:
    return httpx.Client(base_url=running.url, auth=(running.access_key, running.access_key_secret))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_that_it_is_ready_and_stops_cleanly(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--access-key", "k", "--access-key-secret", "s", "--seed", "7"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    prefix = "gong-emulator ready on "
    assert line.startswith(f"{prefix}http://127.0.0.1:")
    answer = httpx.get(f"{line.removeprefix(prefix).strip()}/v2/users", auth=("k", "s"))
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert answer.status_code == 200
    assert (process.returncode, output, errors) == (0, "", "")


def test_kept_recordings_are_removed_at_the_end(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--requests-per-second", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    with httpx.Client(base_url=url, auth=("gong-emulator-key", "gong-emulator-secret")) as client:
        call_id = add_call(client)
        client.put(f"/v2/calls/{call_id}/media", files={"mediaFile": ("a.wav", wav(90))}).raise_for_status()
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    process.terminate()
    process.communicate(timeout=60)
    assert kept == [wav(90)]
    assert list(tmp_path.iterdir()) == []


def add_call(client: httpx.Client) -> str:
    users = {user["emailAddress"]: user["id"] for user in client.get("/v2/users").json()["users"]}
    host = users[HOST_EMAIL]
    body = {
        "clientUniqueId": "pbx-1",
        "actualStart": "2026-03-01T10:00:00Z",
        "direction": "Inbound",
        "primaryUser": host,
        "parties": [{"userId": host}],
    }
    return str(client.post("/v2/calls", json=body).json()["callId"])


def test_the_help_names_every_option() -> None:
    text = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    options = ("port", "host", "access-key", "access-key-secret", "seed", "processing-seconds")
    for option in (*options, "requests-per-second", "requests-per-day"):
        assert f"--{option}" in text


def test_a_wrong_option_is_explained() -> None:
    wrong = subprocess.run([*COMMAND, "--requests-per-day", "-1"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "requests_per_day must be an integer from 0, not -1" in wrong.stderr


def test_a_port_in_use_is_explained() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        failed = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"gong-emulator cannot listen on 127.0.0.1 port {port}: ")
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "jinja2", "python_multipart"])
def test_a_missing_extra_is_explained(missing: str) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from airflow_provider_gong.emulator.__main__ import main\n"
        "main(['--port', '0'])"
    )
    failed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.strip().endswith("pip install 'airflow-provider-gong[emulator]'")
    assert "Traceback" not in failed.stderr


def test_importing_the_emulator_loads_no_airflow() -> None:
    program = (
        "import sys; from airflow_provider_gong.emulator import create_app, running_emulator\n"
        "own = {'airflow_provider_gong', 'airflow_provider_gong.emulator'}\n"
        "loaded = {n for n in sys.modules if n == 'airflow' or n.startswith('airflow.') or n == 'httpx'}\n"
        "loaded |= {n for n in sys.modules if n.startswith('airflow_provider_gong') and n not in own"
        " and not n.startswith('airflow_provider_gong.emulator.')}\n"
        "print(loaded)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_manual_clock_can_be_advanced(running: RunningEmulator) -> None:
    before = running.state()["time"]
    running.advance(60)
    assert running.state()["time"] != before


def test_settings_and_reset(running: RunningEmulator) -> None:
    running.set(requests_per_second=1)
    with client_of(running) as client:
        answers = [client.get("/v2/workspaces").status_code for _ in range(2)]
    assert answers == [200, 429]
    assert [line["status"] for line in running.requests("listWorkspaces")] == [200, 429]
    with pytest.raises(ValueError, match="nothing"):
        running.set(nothing=1)
    running.reset()
    assert running.requests() == []


def test_emulators_run_side_by_side_and_end() -> None:
    with running_emulator(clock=ManualClock()) as one, running_emulator(access_key="other") as two:
        assert one.url != two.url
        assert two.access_key == "other"
        assert httpx.get(f"{two.url}/v2/users", auth=("other", two.access_key_secret)).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(one.url)


def test_a_large_recording_is_measured_and_not_kept(running: RunningEmulator) -> None:
    with client_of(running) as client:
        call_id = add_call(client)
        large = wav(90) + b"\0" * KEPT_BYTES
        headers = {"content-type": "multipart/form-data; boundary=b"}
        url = f"/v2/calls/{call_id}/media"
        assert client.put(url, content=_multipart(large), headers=headers).status_code == 201
        page = client.get(f"/call?id={call_id}").text
    media = next(call for call in running.state()["calls"] if call["id"] == call_id)["media"]
    assert (media["bytes"], media["duration"]) == (len(large), 90.0)
    assert "The recording itself was not kept." in page


def _multipart(content: bytes) -> Iterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a.wav"\r\n\r\n'
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]
    yield b"\r\n--b--\r\n"
