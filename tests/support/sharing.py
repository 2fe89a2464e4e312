"""A plugin of pytest: tests that share an Airflow or a browser run in one process, the others wherever there is one."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# One Airflow serves all the files of this folder but one, in which each test starts what it needs.
_FOLDER = "tests/e2e/"
_SHARES_NOTHING = f"{_FOLDER}test_dags_test.py"


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return _Sharing(config, log)


# The marker xdist_group has no effect with xdist 3.8 and pytest 9.2.
class _Sharing(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if file == _SHARES_NOTHING:
            return nodeid
        return _FOLDER if file.rpartition("/")[0] + "/" == _FOLDER else file
