"""What importing operators and task groups costs a DAG file."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

_MODULES = {
    "airflow-provider-gong": (
        "airflow_provider_gong.task_groups",
        "airflow_provider_gong.operators.calls",
        "airflow_provider_gong.operators.meetings",
    ),
    "apache-airflow-providers-http": ("airflow.providers.http.operators.http",),
}
# Airflow's processor has imported this before it reads a DAG file.
_PROGRAM = """
import importlib, sys, time
from airflow.sdk import DAG, BaseOperator, TaskGroup
began = time.process_time()
for module in sys.argv[1:]:
    importlib.import_module(module)
print(time.process_time() - began)
"""


def import_costs(*, runs: int = 9) -> list[dict[str, Any]]:
    """Return the processor time of importing each package's operators in new processes, taken in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in _MODULES}
    for _ in range(runs):
        for name, modules in _MODULES.items():
            seconds[name].append(_processor_time(modules))
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    alternative = medians["apache-airflow-providers-http"]
    return [
        {"operators of": name, "CPU ms": round(1000 * median, 1), "ratio": round(median / alternative, 3)}
        for name, median in medians.items()
    ]


def _processor_time(modules: tuple[str, ...]) -> float:
    done = subprocess.run([sys.executable, "-c", _PROGRAM, *modules], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])
