"""What the README says is so."""

from __future__ import annotations

import operator
import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.get_provider_info import get_provider_info
from airflow_provider_gong.hooks.gong import GongHook
from tests.scenario.support import load_dags, new_calls
from tests.support.recordings import manifest_row, write_wav

if TYPE_CHECKING:
    from tests.scenario.support import RunDag

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
CONTENTS = (PROJECT / "docs" / "contents.md").read_text()
CLIENT = (PROJECT / "docs" / "client.md").read_text()


def block(language: str) -> str:
    """Return the first code block in a language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.usefixtures("gong_connection")
def test_the_dag_imports_the_manifest(run_dag: RunDag, gong_emulator: RunningEmulator, tmp_path: Path) -> None:
    dags, night = tmp_path / "dags", tmp_path / "2026-11-20"
    dags.mkdir()
    (dags / "nightly.py").write_text(block("python"))
    write_wav(night / manifest_row(1)["media"], seconds=61, seed=1)
    (night / "manifest.csv").write_text(block("csv"))
    dag = load_dags(dags)["nightly_gong_import"]

    run = run_dag(dag, logical_date=datetime(2026, 11, 21, 3, tzinfo=UTC), run_conf={"recordings": str(tmp_path)})

    assert run.state == "success"
    assert [call["state"] for call in new_calls(gong_emulator).values()] == ["visible"]
    assert (night / "report" / "report.csv").exists()


def test_the_table_names_everything_that_airflow_is_told_of() -> None:
    named = set(
        re.findall(r"^\| `((?:task_groups|operators|transfers|sensors|hooks)\.[\w.]+)` \|", CONTENTS, re.MULTILINE)
    )
    for name in named:
        module, _, attribute = name.rpartition(".")
        assert callable(getattr(import_module(f"airflow_provider_gong.{module}"), attribute)), name
    groups = {"task_groups.gong_call_export", "task_groups.gong_call_import"}
    assert named == {*groups, *public_classes("operators", "transfers", "sensors", "hooks")}


def public_classes(*kinds: str) -> set[str]:
    entries = [entry for kind in kinds for entry in get_provider_info()[kind]]
    modules = [module for entry in entries for module in entry.get("python-modules") or [entry["python-module"]]]
    found = ((module, name, value) for module in modules for name, value in vars(import_module(module)).items())
    return {
        f"{module.removeprefix('airflow_provider_gong.')}.{name}"
        for module, name, value in found
        if re.fullmatch(r"Gong\w*(Operator|Sensor|Hook)", name) and value.__module__ == module
    }


def test_the_hooks_methods_are_there() -> None:
    table = CLIENT.partition("| resource | methods |")[2].partition("## ")[0]
    methods = [name for row in table.splitlines() if row.startswith("|") for name in re.findall(r"`([\w.]+)`", row)]
    hook = GongHook()
    assert [name for name in methods if not callable(operator.attrgetter(name)(hook))] == []
    assert len(methods) > 15


def test_make_knows_the_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named
    assert named <= targets
    assert block("sh").split()[:2] == ["make", "demo"]


def test_the_versions_are_those_that_are_tested() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    tested = re.findall(r"^(?:OLDER_AIRFLOWS|AIRFLOW) := (.*)$", makefile, re.MULTILINE)
    named = re.findall(r"^\| (\d+\.\d+\.\d+) \|", README.partition("## Versions")[2], re.MULTILINE)
    assert named == " ".join(tested).split()
