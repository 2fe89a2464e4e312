"""Random faults and kills: whatever happens, each call arrives once, and its recording is received once."""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.store.database import Store
from tests.resilience.conftest import assert_each_call_once, worker_of
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport

OPERATIONS = st.sampled_from(["addCall", "addCallRecording", "getCall"])
FAULTS = st.lists(
    st.builds(
        Fault,
        operation=OPERATIONS,
        nth=st.integers(1, 8),
        action=st.sampled_from(["reset", "truncate", "garbage", "status"]),
        when=st.sampled_from(["before", "after"]),
        status=st.sampled_from([408, 500, 502, 503]),
    ),
    max_size=12,
)
KILLS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"kill_at_commit": st.integers(1, 20)}),
        st.fixed_dictionaries({"kill_at_byte": st.integers(1, 400_000)}),
    ),
    max_size=2,
)


@settings(
    max_examples=70,
    deadline=None,
    derandomize=False,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(faults=FAULTS, kills=KILLS, in_flight=st.sampled_from([1, 3]))
def test_each_call_arrives_once(
    emulator: RunningEmulator, faults: Sequence[Fault], kills: Sequence[dict[str, Any]], in_flight: int
) -> None:
    emulator.reset()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.db"
        with contextlib.closing(Store(url)) as store:
            night = NightlyImport(emulator, store, Path(folder))
            night.plan_night([manifest_row(number) for number in range(1, 5)])
            emulator.add_faults(*faults)
            for kill in kills:
                assert worker_of(night, url, **kill).run() in (0, 1, -signal.SIGKILL)
            with contextlib.suppress(GongError):
                night.upload(owner="night/0", in_flight=in_flight)
            emulator.clear_faults()
            night.upload(owner="night/0", in_flight=in_flight)
            night.finish()
            assert_each_call_once(emulator, [night])
