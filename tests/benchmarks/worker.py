"""One process that sends requests as fast as its budget lets it; says at the end what came of them, as JSON."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.requests import raw_request
from tests.benchmarks.rivals import budget


class _Complaints(logging.Handler):
    """Keeps what the store had to complain about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def main(settings: dict[str, Any]) -> None:
    """Send requests until the time given is over."""
    complaints = _Complaints()
    logging.getLogger("airflow_provider_gong").addHandler(complaints)
    request = raw_request("listWorkspaces")
    auth = AccessKeyAuth(settings["access_key"], settings["access_key_secret"])
    first = last = 0.0
    with GongClient(settings["url"], auth, budget=budget(settings["kind"], settings["place"])) as client:
        while time.time() < settings["until"]:
            try:
                client.send(request)
                last = time.time()
                first = first or last
            except GongError as error:
                complaints.texts.append(f"{type(error).__name__}: {error}")
        counts = {"sent": client.requests_sent, "refused": client.requests_refused}
        print(json.dumps({**counts, "errors": complaints.texts, "first": first, "last": last}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
