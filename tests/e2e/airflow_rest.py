"""What tests and demos ask of a running Airflow, over its REST API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

FINISHED = ("success", "failed")
_PATIENCE = 900  # seconds; what goes wrong ends earlier, and a busy machine is slow
_PROBLEMS = ("warning", "error", "critical")


class AirflowRestError(Exception):
    """Airflow refused a request, ended early, or did not do in time what was waited for."""


class AirflowRest:
    """
    Client of the REST API of an Airflow in which everybody is an administrator.

    :param url: Where the API server listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(timeout=120, trust_env=False)

    def close(self) -> None:
        """Close the connections to the API server."""
        self._client.close()

    def sign_in(self) -> None:
        """Fetch the token that the other requests carry."""
        token = self._client.get(f"{self.url}/auth/token").raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def trigger(
        self,
        dag_id: str,
        conf: Mapping[str, Any] | None = None,
        logical_date: datetime | None = None,
        **fields: Any,
    ) -> str:
        """
        Start a run of a DAG as soon as Airflow has parsed it, and return the run's id.

        :param fields: Further fields of the API's request, such as ``dag_run_id`` or ``data_interval_start``.
        """
        self.unpause(dag_id)
        date = logical_date.isoformat() if logical_date else None
        body = {"logical_date": date, "conf": dict(conf or {})} | fields
        return str(self.call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def unpause(self, dag_id: str, timeout: float = _PATIENCE) -> None:
        """Unpause a DAG, waiting for Airflow to parse it first."""

        def parsed() -> bool:
            return self.request("GET", f"/dags/{dag_id}").is_success

        self.poll(parsed, f"DAG {dag_id} to be parsed", timeout)
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def add_connection(self, conn_id: str, fields: Mapping[str, Any]) -> None:
        """
        Store a connection in the metadata database.

        :param fields: As in the JSON of ``AIRFLOW_CONN_...``.
        """
        extra = fields.get("extra") or {}
        body = {**fields, "connection_id": conn_id, "extra": extra if isinstance(extra, str) else json.dumps(extra)}
        self.call("POST", "/connections", json=body)

    def wait(self, dag_id: str, run_id: str, timeout: float = _PATIENCE) -> str:
        """Return ``success`` or ``failed`` when the run has ended."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}"

        def finished() -> str | None:
            state = str(self.call("GET", path)["state"])
            return state if state in FINISHED else None

        return str(self.poll(finished, f"run {run_id} of {dag_id} to end", timeout))

    def wait_for_task(
        self, dag_id: str, run_id: str, task_id: str, state: str, timeout: float = _PATIENCE
    ) -> dict[str, Any]:
        """
        Return the first instance of the task that has reached the state, such as ``deferred``.

        :raises AirflowRestError: also as soon as the run has ended otherwise.
        """

        def reached() -> dict[str, Any] | None:
            run = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")
            instances = self.task_instances(dag_id, run_id)
            found = next((ti for ti in instances if ti["task_id"] == task_id and ti["state"] == state), None)
            if found is None and run["state"] in FINISHED:
                states = {ti["task_id"]: ti["state"] for ti in instances}
                raise AirflowRestError(f"Run {run_id} of {dag_id} has ended, {task_id} never {state}: {states}")
            return found

        found: dict[str, Any] = self.poll(reached, f"task {task_id} of {dag_id} to be {state}", timeout)
        return found

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run, mapped ones included."""
        answer = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 1000})
        return list(answer["task_instances"])

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """Return the value that a task pushed."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.call("GET", path, params={"map_index": map_index, "deserialize": True})["value"]

    def task_log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """Return the log of one try of a task, one event per line with all its fields."""
        return "\n".join(str(event) for event in self._task_events(dag_id, run_id, task_id, try_number, map_index))

    def task_problems(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """Return the warnings and errors of one try of a task, as a person reads them."""
        events = self._task_events(dag_id, run_id, task_id, try_number, map_index)
        return "\n".join(line for event in events if event.get("level") in _PROBLEMS for line in _readable(event))

    def _task_events(
        self, dag_id: str, run_id: str, task_id: str, try_number: int, map_index: int
    ) -> list[dict[str, Any]]:
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        return list(self.call("GET", path, params={"map_index": map_index, "full_content": True})["content"])

    def links(self, dag_id: str, run_id: str, task_id: str) -> dict[str, str | None]:
        """Return the extra links of a task by name."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/links"
        return dict(self.call("GET", path)["extra_links"])

    def import_errors(self) -> list[str]:
        """Return what kept DAG files from being parsed."""
        return [error["stack_trace"] for error in self.call("GET", "/importErrors")["import_errors"]]

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, its ``path`` counted from ``/api/v2``."""
        return self._client.request(method, f"{self.url}/api/v2{path}", **options)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """
        Send a request and return the answer's JSON.

        :raises AirflowRestError: on an error status.
        """
        response = self.request(method, path, **options)
        if response.is_error:
            raise AirflowRestError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()

    def poll(self, condition: Callable[[], Any], what: str, timeout: float = _PATIENCE) -> Any:
        """
        Return the first true value of the condition.

        :raises AirflowRestError: when the timeout, in seconds, has passed.
        """
        deadline = time.monotonic() + timeout
        while not (result := condition()):
            self.check_alive()
            if time.monotonic() > deadline:
                raise AirflowRestError(f"Waited {timeout:.0f} s for {what}.{self.diagnosis()}")
            time.sleep(0.5)
        return result

    def check_alive(self) -> None:
        """Raise when it makes no sense to go on waiting."""

    def diagnosis(self) -> str:
        """Return what helps to understand why something did not happen."""
        return "".join(f"\n--- DAG import error\n{error}" for error in self.import_errors())


def _readable(event: Mapping[str, Any]) -> list[str]:
    raised = event.get("error_detail") or ()
    return [str(event["event"]), *(f"  {error['exc_type']}: {error['exc_value']}" for error in raised)]
