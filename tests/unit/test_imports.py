"""Importing a public module costs a DAG file nothing: no network, no files, no database, no heavy libraries of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "airflow_provider_gong"
FOLDER = Path(__file__).parents[2] / PACKAGE
PUBLIC = (
    "hooks",
    "operators",
    "transfers",
    "sensors",
    "triggers",
    "task_groups",
    "links",
    "notifications",
    "assets",
    "retries",
    "get_provider_info",
)
LOADED_ON_FIRST_USE = (
    f"{PACKAGE}.client.clients",
    f"{PACKAGE}.client.models",
    f"{PACKAGE}.client.resources.calls",
    f"{PACKAGE}.store.schema",
)

# Each module is imported in a fork of one process that holds what a DAG file has loaded anyway.
_PROBE = """
import contextlib, importlib, json, os, sqlite3, sys

sys.dont_write_bytecode = True
import airflow
AIRFLOW_3 = ("sdk", "sdk.execution_time.xcom", "sdk.log")
AIRFLOW_2 = ("hooks.base", "io.path", "models.baseoperator", "models.xcom", "sensors.base", "utils.task_group")
for name in ("configuration", "triggers.base", *(AIRFLOW_3 if airflow.__version__ >= "3" else AIRFLOW_2)):
    module = importlib.import_module(f"airflow.{name}")
    for member in dir(module):
        getattr(module, member, None)

FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen", "os.system", "os.mkdir")
CODE = (".py", ".pyc", ".so")

def probe(statement):
    seen, active = [], True

    def watch(event, args):
        if not active:
            return
        if event in FORBIDDEN or (event == "open" and not str(args[0]).endswith(CODE)):
            seen.append(f"{event} {args[0]}")

    sys.addaudithook(watch)
    try:
        exec(statement, {})
        error = None
    except Exception as raised:
        error = repr(raised)
    active = False
    return {"seen": seen, "error": error, "loaded": sorted(sys.modules)}

reports = {}
for statement in json.load(sys.stdin):
    read, write = os.pipe()
    if os.fork() == 0:
        with os.fdopen(write, "w") as pipe:
            json.dump(probe(statement), pipe)
            pipe.flush()
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        reports[statement] = json.loads(pipe.read())
    os.wait()
json.dump(reports, sys.stdout)
"""


def public_modules() -> list[str]:
    paths = [path for path in sorted(FOLDER.rglob("*.py")) if path.relative_to(FOLDER).parts[0].split(".")[0] in PUBLIC]
    dotted = [".".join((PACKAGE, *path.relative_to(FOLDER).with_suffix("").parts)) for path in paths]
    names = [name.removesuffix(".__init__") for name in dotted]
    return [name for name in names if not name.rpartition(".")[2].startswith("_")]


MODULES = [f"{PACKAGE}.client", *public_modules()]
OFFENCES = {
    "import socket; socket.socket().connect(('127.0.0.1', 9))": "socket.connect",
    "import socket; socket.getaddrinfo('localhost', 9)": "socket.getaddrinfo",
    "import sqlite3; sqlite3.connect(':memory:')": "sqlite3.connect",
    "import subprocess; subprocess.run(['true'])": "subprocess.Popen",
    "open('/etc/hostname')": "open",
}


@pytest.fixture(scope="module")
def reports() -> dict[str, Any]:
    statements = [*(f"import {module}" for module in MODULES), *OFFENCES, "import no_such_module"]
    # Warnings of Airflow about its own modules stay out of the report.
    outcome = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PROBE],
        input=json.dumps(statements),
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER.parent,
    )
    assert outcome.returncode == 0, outcome.stderr
    found: dict[str, Any] = json.loads(outcome.stdout[outcome.stdout.index('{"') :])
    return found


def test_public_modules_are_found() -> None:
    assert {f"{PACKAGE}.hooks.gong", f"{PACKAGE}.get_provider_info", f"{PACKAGE}.hooks.connection_form"} <= set(MODULES)
    assert any(module.startswith(f"{PACKAGE}.operators.") for module in MODULES)


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_importing_does_no_work(reports: dict[str, Any], module: str) -> None:
    report = reports[f"import {module}"]
    assert report["error"] is None
    assert module in report["loaded"]
    assert report["seen"] == []


@pytest.mark.parametrize("module", MODULES)
def test_importing_loads_nothing_heavy_of_ours(reports: dict[str, Any], module: str) -> None:
    loaded = reports[f"import {module}"]["loaded"]
    assert [name for name in loaded if name.startswith(LOADED_ON_FIRST_USE)] == []


@pytest.mark.parametrize(("statement", "event"), OFFENCES.items())
def test_probe_sees_work(reports: dict[str, Any], statement: str, event: str) -> None:
    assert [seen.split()[0] for seen in reports[statement]["seen"]] == [event]


def test_probe_sees_errors(reports: dict[str, Any]) -> None:
    assert "no_such_module" in reports["import no_such_module"]["error"]
