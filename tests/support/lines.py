"""A plugin of pytest: one line for each file of tests as it ends, however many processes share the work."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Lines(config), "gong-lines")


class _Lines:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._left: Counter[str] = Counter()
        self._seen: dict[str, Counter[str]] = {}
        self._seconds: Counter[str] = Counter()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        if not self._left and not self._seen:
            self._expect(ids)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        # The default, without its letter.
        if report.when != "call" and report.passed:
            return "", "", ""
        if report.passed:
            return "passed", "", ""
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file = _file(report.nodeid)
        self._seconds[file] += report.duration
        seen = self._seen.setdefault(file, Counter())
        if report.when == "call" or not report.passed:
            seen[report.outcome] += 1
        if report.when == "teardown":
            self._left[file] -= 1
            if not self._left[file]:
                self._say(file, seen)

    def _expect(self, ids: list[str]) -> None:
        self._left.update(map(_file, ids))

    def _say(self, file: str, seen: Counter[str]) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return
        counts = ", ".join(f"{count} {outcome}" for outcome, count in seen.items())
        done = sum(1 for left in self._left.values() if not left)
        reporter.ensure_newline()
        reporter.write_line(
            f"[{done}/{len(self._left)}] {file}: {counts}, {self._seconds[file]:.1f} s", red=bool(seen["failed"])
        )


def _file(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]
