"""What release-check looks for: changes of the public API without a changelog entry, and metadata that mislead."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
CI = PROJECT / ".ci"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CI / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


public_api, check_metadata = load("public_api"), load("check_metadata")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    """Return a function that runs the command with a kept list, a new API and the newest changelog section."""

    def run(action: str, kept: str, found: list[str], entry: str) -> tuple[int, str]:
        (tmp_path / "kept").write_text(kept)
        (tmp_path / "changes").write_text(f"# Changes\n\n## 0.2\n\n{entry}\n\n## 0.1\n\n- `tidy` is new.\n")
        monkeypatch.setattr(public_api, "public_api", lambda: found)
        status = public_api.main([action, "--kept", f"{tmp_path}/kept", "--changelog", f"{tmp_path}/changes"])
        return status, (tmp_path / "kept").read_text()

    return run


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (["links.go() -> 'int'", "links.tidy(a: 'str')"], "tidy"),
        (["links.go() -> 'str'"], "go"),
        ([], "go"),
        (["class links.Tidy(self)", "links.go() -> 'int'"], "Tidy"),
        (["links.Options['tidy']: str", "links.go() -> 'int'"], "tidy"),
    ],
)
def test_change_of_the_api_needs_an_entry(command, found: list[str], named: str) -> None:
    kept = "links.go() -> 'int'\n"
    assert command("check", kept, found, "- Nothing.") == (1, kept)
    assert command("update", kept, found, "- Nothing.") == (1, kept)
    # With an entry, the list still has to be written.
    assert command("check", kept, found, f"- `{named}` is new.") == (1, kept)
    assert command("update", kept, found, f"- `{named}(a=1)` is new.") == (0, "".join(f"{line}\n" for line in found))


def test_unchanged_api_passes(command) -> None:
    assert command("check", "links.go()\n", ["links.go()"], "- Nothing.")[0] == 0


def test_the_list_is_the_same_in_every_process() -> None:
    listed = public_api.public_api()
    assert any(line.startswith("task_groups.gong_call_import(") for line in listed)
    assert any(line.startswith("client.resources.calls.Calls.create(self, call:") for line in listed)
    assert not any(" at 0x" in line for line in listed)


GOOD = "Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-Expression: Apache-2.0\nAuthor: us\n{}\n# Read me\n{}\n"


@pytest.mark.parametrize(
    ("header", "text", "problem"),
    [
        ("", "[a](https://airflow.apache.org/)", None),
        ("", "[a](docs/a.md)", "links to docs/a.md"),
        ("", "![a](docs/a.png)", "links to docs/a.png"),
        ("Project-URL: Source, https://gong.example.com/source\n", "", "invented address"),
    ],
)
def test_metadata(header: str, text: str, problem: str | None) -> None:
    found = check_metadata.problems_of(GOOD.format(header, text))
    assert (problem is None and found == []) or (problem is not None and problem in found[0])


WORKFLOWS = {
    path.name: yaml.safe_load(path.read_text()) for path in sorted((PROJECT / ".github/workflows").glob("*.yml"))
}


@pytest.mark.parametrize("workflow", WORKFLOWS.values(), ids=WORKFLOWS)
def test_workflows_may_only_read_and_run_what_exists(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    for job in workflow["jobs"].values():
        assert job["runs-on"] == "ubuntu-latest"
        # Only a job that runs nothing of this repository may publish.
        if set(job.get("permissions", ())) & {"id-token", "pages"}:
            assert not any("run" in step or "checkout" in step["uses"] for step in job["steps"])
        for run in (step["run"] for step in job["steps"] if "run" in step):
            for target in re.findall(r"\bmake ([a-z-]+)", run):
                assert target in targets or target == "test-python-"
            for script in re.findall(r"\.ci/[a-z-]+", run):
                assert (PROJECT / script).stat().st_mode & 0o111


def test_the_tag_of_a_release_needs_a_dated_changelog() -> None:
    checks = [step.get("run", "") for step in WORKFLOWS["release.yml"]["jobs"]["build"]["steps"]]
    (check,) = [run for run in checks if "CHANGELOG.md" in run]
    for heading, is_found in (("## [0.1.0] - 2026-12-01", True), ("## [0.1.0] - Unreleased", False)):
        found = subprocess.run(
            ["bash", "-c", check.replace("CHANGELOG.md", "-")],
            input=f"{heading}\n",
            env={**os.environ, "GITHUB_REF_NAME": "v0.1.0"},
            text=True,
            check=False,
        )
        assert (found.returncode == 0) is is_found
