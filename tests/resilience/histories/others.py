"""Calls that somebody else has made under ids of the imports, before these begin."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import GongClient
from tests.resilience.histories.phases import Company
from tests.support.recordings import manifest_row, write_wav

_MOST = 3


def make_calls_of_others(company: Company, chance: random.Random, manifests: Sequence[range]) -> dict[str, bool]:
    """
    Make some calls, and return by their ids whether they are the conversations of the rows with these ids.

    Another conversation has a recording; of the same one, it may be missing.
    """
    gong, made = company.gong, {}
    host = next(user["id"] for user in gong.state()["users"] if user["emailAddress"].startswith("tobias"))
    numbers = sorted({number for manifest in manifests for number in manifest})
    options = {"budget": LocalBudget(10_000, 1_000_000), "transport": gong.transport}
    with GongClient(gong.url, company.auth(), **options) as client, TemporaryDirectory() as folder:
        for number in chance.sample(numbers, min(chance.randint(1, _MOST), len(numbers))):
            row, is_same = manifest_row(number), chance.random() < 0.5
            start = datetime.fromisoformat(row["actual_start"]) - timedelta(days=0 if is_same else 400)
            call = {"actualStart": start.isoformat(), "direction": "Inbound", "primaryUser": host}
            ident = row["client_unique_id"]
            created = client.calls.create({**call, "clientUniqueId": ident, "parties": [{"userId": host}]})
            if not is_same or chance.random() < 0.5:
                recording = write_wav(Path(folder) / "other.wav", seconds=61, seed=1000 + number)
                client.calls.upload_media(created.call_id, recording)
            made[ident] = is_same
    return made
