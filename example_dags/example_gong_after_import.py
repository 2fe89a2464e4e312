"""
Run when an import into Gong has ended, and use the counts that its asset event carries.

It is scheduled on the asset that ``example_gong_import_event`` names as its outlet.
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
