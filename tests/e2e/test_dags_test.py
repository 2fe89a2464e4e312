"""The DAG of the README to its end with ``airflow dags test``, with any version of Airflow."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from airflow_provider_gong.emulator import running_emulator
from tests.support.recordings import manifest_row, write_night

PROJECT = Path(__file__).parents[2]
XCOM_BACKEND = "airflow.providers.common.io.xcom.backend.XComObjectStorageBackend"
NIGHT, MORNING = "2026-11-20", "2026-11-21T03:00:00+00:00"


def readme_dag() -> str:
    """Return the README's DAG, with the import line that it names for Airflow 2.11."""
    found = re.search(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    assert found
    if Version(version("apache-airflow")).major == 2:
        return found[1].replace("from airflow.sdk import DAG", "from airflow import DAG")
    return found[1]


@pytest.mark.e2e
@pytest.mark.parametrize("xcoms", ["database", "object storage"])
def test_the_dag_of_the_readme_runs_to_its_end(tmp_path: Path, xcoms: str) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "nightly.py").write_text(readme_dag())
    recordings = tmp_path / "recordings"
    write_night(recordings / NIGHT, [manifest_row(1), manifest_row(2)])
    with running_emulator(processing_seconds=0) as gong:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
            "AIRFLOW_HOME": str(tmp_path / "home"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_GONG_DEFAULT": json.dumps(gong.connection()),
        }
        if xcoms == "object storage":
            environment["AIRFLOW__CORE__XCOM_BACKEND"] = XCOM_BACKEND
            environment["AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH"] = f"file://{tmp_path}/xcoms"
            environment["AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_THRESHOLD"] = "0"

        def airflow(*arguments: str) -> None:
            command = [str(Path(sys.executable).with_name("airflow")), *arguments]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{done.stdout[-5000:]}\n{done.stderr[-5000:]}"

        airflow("db", "migrate")
        if Version(version("apache-airflow")) >= Version("3.1"):
            # From then on, only stored DAGs are run.
            airflow("dags", "reserialize")
        airflow("dags", "test", "nightly_gong_import", MORNING, "--conf", json.dumps({"recordings": str(recordings)}))
        calls = [call for call in gong.state()["calls"] if call["clientUniqueId"].startswith("pbx-")]

    assert [call["state"] for call in calls] == ["visible", "visible"]
    summary = json.loads((recordings / NIGHT / "report" / "report.json").read_text())
    assert summary["states"] == {"verified": 2}
    assert (tmp_path / "xcoms").exists() is (xcoms == "object storage")
