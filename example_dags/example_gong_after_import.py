"""
Run when an import into Gong has finished, and use the counts in its asset event.

The DAG is scheduled on the asset that is an outlet of ``example_gong_import_event``.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Asset, task

# [START howto_gong_after_import]
calls = Asset("gong://us-12345/calls")

with DAG(dag_id="example_gong_after_import", schedule=[calls], tags=["gong", "example"]) as dag:

    @task(inlets=[calls])
    def count_calls(triggering_asset_events: Any = None) -> int:
        imports = [event.extra for event in triggering_asset_events[calls]]
        return sum(extra["rows"] - extra["wrong"] for extra in imports)

    count_calls()
# [END howto_gong_after_import]
