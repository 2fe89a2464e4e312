"""The report of an import, from a ledger in any state: no Gong is needed for it."""

from __future__ import annotations

import csv
import json
import logging
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from upath import UPath

from airflow_provider_gong._compat import ObjectStoragePath
from airflow_provider_gong._text import storable
from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.call_import.manifest.csv_cells import unescape_cell
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.report.report import REPORT_HTML, ImportReport
from airflow_provider_gong.call_import.report.summary import require_green
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, ImportRow, LeasedRow, PlannedRow, Problem, Reading
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from tests.support.recordings import manifest_row, write_night, write_wav
from tests.unit.call_import.conftest import COMPANY, plan_offline

GONG_PROBLEM = Problem("media", "a.wav", "is refused by Gong", "Look at it.", "recording")
SIGNED = "https://files.example.com/1.wav?X-Amz-Signature=secret"


class Reported:
    """An import whose rows are brought into their states by hand, and its report."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.ledger = Ledger(store, COMPANY, "night")
        self.folder = folder

    def plan(self, rows: Sequence[Mapping[str, str]]) -> None:
        manifest = write_night(self.folder, rows)
        self.ledger.replace_plan(str(manifest), plan_offline(manifest).rows)

    def lease(self) -> LeasedRow:
        (lease,) = self.ledger.lease("worker", limit=1, seconds=60)
        return lease

    def create(self) -> LeasedRow:
        lease = self.lease()
        self.ledger.created(lease, f"77{lease.row_number}", is_pulled=False)
        return lease

    def upload(self) -> LeasedRow:
        lease = self.create()
        self.ledger.uploaded(lease, "abc")
        return lease

    def verify(self) -> None:
        ident, url = self.upload().client_unique_id, "https://gong.example.com/call?id=1"
        self.ledger.read_back([Reading(ident, CallState.VERIFIED, url, 61.0)])

    def fail(self, *, is_burned: bool = False, problem: Problem = GONG_PROBLEM) -> None:
        self.ledger.failed(self.create(), problem, sent=False, is_burned=is_burned)

    def summary(self) -> dict[str, Any]:
        return ImportReport(self.ledger).run()

    def write(self) -> dict[str, list[dict[str, str]]]:
        target = self.folder / "report" / "of the night"
        ImportReport(self.ledger, folder=target).run()
        return {path.stem: read_csv_file(path) for path in target.glob("*.csv")}


def read_csv_file(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def night(store: Store, tmp_path: Path) -> Reported:
    return Reported(store, tmp_path)


def short_recording(recordings: Path) -> None:
    write_wav(recordings / "00002.wav", seconds=59, seed=2)


def same_recording(recordings: Path) -> None:
    shutil.copyfile(recordings / "00001.wav", recordings / "00002.wav")


def rows(*numbers: int, **changes: str) -> list[dict[str, str]]:
    return [manifest_row(number, **changes) for number in numbers]


def test_the_report_has_a_line_for_each_row(night: Reported) -> None:
    night.plan([*rows(1, 2), *rows(3, direction="x")])
    night.verify()
    first, second, third = night.write()["report"]
    assert first == {
        "file": str(night.folder / "manifest.csv"),
        "row": "1",
        "line": "2",
        "client_unique_id": "pbx-00001",
        "title": "Call 1",
        "state": "verified",
        "call_id": "771",
        "url": "https://gong.example.com/call?id=1",
        "duration": "61.0",
        "media": str(night.folder / "recordings/00001.wav"),
        "media_sha256": "abc",
        "sent_by": "night",
        "who": "",
        "problem": "",
        "warnings": "",
    }
    assert (second["state"], second["call_id"], second["sent_by"]) == ("planned", "", "")
    assert (third["state"], third["who"]) == ("rejected", "manifest")
    assert third["problem"].startswith("direction: must be one of Inbound")


def test_the_summary_counts_rows_by_state_and_by_who_must_act(night: Reported) -> None:
    night.plan([*rows(1, 2, 3, 4), *rows(5, primary_user="noor.haddad@example.com", direction="x")])
    night.verify()
    night.upload()
    night.fail(is_burned=True)
    night.ledger.add_usage(12, 3)
    night.ledger.add_usage(1, 0)
    summary = night.summary()
    assert list(summary["states"].items()) == [
        ("planned", 1),
        ("uploaded", 1),
        ("verified", 1),
        ("rejected", 1),
        ("failed", 1),
    ]
    assert (summary["rows"], summary["unfinished"], summary["wrong"]) == (5, 2, 2)
    assert (summary["requests_sent"], summary["requests_refused"]) == (13, 3)
    assert summary["who_must_act"] == {"recording": 1, "gong_administrator": 1, "manifest": 1}
    file = str(night.folder / "manifest.csv")
    call = {"client_unique_id": "pbx-00003", "title": "Call 3"}
    assert summary["problems"][0] == {
        "file": file,
        "row": 3,
        "line": 4,
        **call,
        "state": "failed",
        **GONG_PROBLEM.as_dict(),
    }


def test_the_summary_is_kept_as_json(night: Reported) -> None:
    night.plan(rows(1))
    night.write()
    written = json.loads((night.folder / "report/of the night/report.json").read_text())
    assert written == night.summary()


def test_requests_are_counted_over_a_plan_that_is_made_again(night: Reported) -> None:
    night.plan(rows(1))
    night.ledger.add_usage(5, 1)
    night.plan(rows(1))
    night.ledger.add_usage(2, 0)
    assert night.ledger.usage() == (7, 1)


def test_a_summary_shows_the_first_problems_and_counts_all(night: Reported) -> None:
    night.plan([manifest_row(number, direction="x", media=f"r/{number}.wav") for number in range(1, 56)])
    summary = night.summary()
    assert len(summary["problems"]) == 50
    assert summary["who_must_act"] == {"manifest": 55}


def test_a_row_that_changed_after_it_was_sent_says_so(night: Reported) -> None:
    night.plan(rows(1))
    night.upload()
    night.plan(rows(1, title="Another"))
    (problem,) = night.summary()["problems"]
    assert (problem["state"], problem["who"]) == ("changed_after_send", "manifest")
    assert "has changed after it was sent, as call 771" in problem["rule"]
    (row,) = night.write()["permanent"]
    assert row["title"] == "Another"


def test_rows_that_gong_never_accepted_stand_in_the_next_manifest(night: Reported) -> None:
    night.plan([*rows(1, 2, 3, 4, 5), *rows(6, direction="Outbond", title="=1+1")])
    night.verify()
    night.upload()
    night.fail(is_burned=True)
    night.fail(problem=Problem("media", "a.wav", "cannot be read", "Put it back.", "recording"))
    files = night.write()
    assert [row["client_unique_id"] for row in files["retry"]] == ["pbx-00004", "pbx-00005", "pbx-00006"]
    assert [row["client_unique_id"] for row in files["permanent"]] == ["pbx-00003"]


@pytest.mark.parametrize("spoil", [short_recording, same_recording])
def test_rows_that_nobody_can_fix_do_not_return(night: Reported, spoil: Callable[[Path], None]) -> None:
    manifest = write_night(night.folder, [*rows(1, 2), *rows(3, direction="Outbond")])
    spoil(night.folder / "recordings")
    night.ledger.replace_plan("night", plan_offline(manifest).rows)
    files = night.write()
    assert [row["client_unique_id"] for row in files["permanent"]] == ["pbx-00002"]
    assert [row["client_unique_id"] for row in files["retry"]] == ["pbx-00001", "pbx-00003"]


def test_the_next_manifest_plans_clean_after_the_mend(night: Reported) -> None:
    night.plan([*rows(1), *rows(2, direction="Outbond", title="=1+1", party_1_phone="+1 555 0100")])
    (night.folder / "recordings/00001.wav").unlink()
    manifest = night.folder / "manifest.csv"
    night.ledger.replace_plan("night", plan_offline(manifest).rows)
    night.write()
    retry = night.folder / "report/of the night/retry.csv"
    base = MediaBase.at(str(night.folder))
    before = {row.client_unique_id: row.source for row in plan_offline(manifest).rows}
    assert len(plan_offline(retry, media_base=base).rejected) == 2
    retry.write_text(retry.read_text().replace("Outbond", "Outbound"))
    write_night(night.folder, rows(1))
    plan = plan_offline(retry, media_base=base)
    assert not plan.rejected
    assert not plan.warnings
    for row in plan.rows:
        assert row.source["title"] == before[row.client_unique_id]["title"]
        assert row.source["party_1_phone"] == "+1 555 0100"
        assert row.media == str(night.folder / f"recordings/{row.client_unique_id[-5:]}.wav")


def test_the_next_manifest_keeps_what_stood_beyond_the_header(night: Reported) -> None:
    manifest = write_night(night.folder, rows(1))
    manifest.write_text(manifest.read_text().rstrip() + ",more,cells\n")
    night.ledger.replace_plan("night", plan_offline(manifest).rows)
    night.write()
    retry = night.folder / "report/of the night/retry.csv"
    assert retry.read_text().rstrip().endswith('"more, cells"')
    (row,) = plan_offline(retry, media_base=MediaBase.at(str(night.folder))).rejected
    assert "more cells than the header has columns" in row.problems[0].rule


def test_the_next_manifest_has_the_columns_that_all_rows_lack(night: Reported) -> None:
    manifest = write_night(night.folder, rows(1))
    lines = manifest.read_text().replace("Outbound", "")
    manifest.write_text(lines)
    night.ledger.replace_plan("night", plan_offline(manifest).rows)
    assert night.write()["retry"][0]["direction"] == ""


def test_the_next_manifest_of_nothing_is_one_without_rows(night: Reported) -> None:
    night.ledger.replace_plan("night", [])
    assert night.write() == {"report": [], "retry": [], "permanent": []}
    assert plan_offline(night.folder / "report/of the night/retry.csv").rows == []


def test_cells_of_the_report_are_no_formulas(night: Reported) -> None:
    formula = '=HYPERLINK("https://attacker.example.com")'
    night.plan([manifest_row(1, title=formula, client_unique_id="@pbx", direction="-1"), *rows(2, title="+1 555")])
    files = night.write()
    assert [row["title"] for row in files["report"]] == [f"'{formula}", "'+1 555"]
    assert files["retry"][0]["client_unique_id"] == "'@pbx"
    for lines in files.values():
        assert not [cell for row in lines for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def signed_row(problems: tuple[Problem, ...] = ()) -> PlannedRow:
    source = manifest_row(1, media=SIGNED)
    payload = json.dumps({"clientUniqueId": "pbx-00001"})
    return PlannedRow(1, "pbx-00001", "Call", payload, SIGNED, None, "hash", problems, source, is_pulled=True)


def test_the_report_does_not_tell_what_signs_a_url(night: Reported, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    gong_says = Problem("media", SIGNED, f"cannot be fetched from {SIGNED}, says Gong", "Sign it again.", "recording")
    night.ledger.replace_plan("night", [signed_row()])
    night.fail(problem=gong_says)
    night.write()
    folder = night.folder / "report/of the night"
    for text in ((folder / "report.csv").read_text(), (folder / "report.json").read_text(), caplog.text):
        assert "https://files.example.com/1.wav" in text
        assert "secret" not in text
    # The next manifest has to work.
    assert SIGNED in (folder / "retry.csv").read_text()


def test_texts_of_a_row_cannot_forge_lines_of_the_log(night: Reported, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    forged = "x\n[2026-11-20] ERROR - forged\x1b[0m"
    night.plan([manifest_row(1, client_unique_id=forged, primary_user=forged, actual_start=forged)])
    night.summary()
    assert all(message.isprintable() for message in caplog.messages)
    (row,) = night.write()["report"]
    assert unescape_cell(row["client_unique_id"]) == forged


def test_texts_of_a_row_cannot_control_a_terminal_that_shows_the_report(night: Reported) -> None:
    title = "Call \x1b[2J\x9b1;31m \x7f with Jos\u00e9"
    night.plan([manifest_row(1, title=title, direction="x"), manifest_row(2, title=title)])
    night.fail(is_burned=True)
    night.write()
    for file in (night.folder / "report/of the night").glob("*.csv"):
        text = file.read_text(encoding="utf-8")
        assert "Jos\u00e9" in text
        assert not [sign for sign in text if not sign.isprintable() and sign not in "\r\n"]
    retry = plan_offline(night.folder / "report/of the night/retry.csv")
    assert [row.title for row in retry.rows] == [storable(title)]


def test_the_log_says_who_has_to_act(night: Reported, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    night.plan(rows(1, primary_user="noor.haddad@example.com"))
    night.summary()
    assert caplog.messages[0] == "Import night: 1 row: 1 rejected"
    assert "1 problem for a Gong administrator" in caplog.messages
    assert caplog.messages[-2] == f"Rows of {night.folder}/manifest.csv:"
    assert caplog.messages[-1].startswith(
        "Row 1, pbx-00001, is rejected: primary_user: is a Gong user whose telephony calls cannot"
    )


def test_an_import_whose_rows_are_all_verified_is_a_success(night: Reported) -> None:
    night.plan(rows(1))
    night.verify()
    require_green(night.summary(), 0)


def test_an_import_with_unfinished_rows_is_no_success_whatever_is_allowed(night: Reported) -> None:
    night.plan(rows(1, 2))
    night.verify()
    night.upload()
    with pytest.raises(GongImportFailedError, match="Import night is unfinished: 1 of 2 rows"):
        require_green(night.summary(), 99)


@pytest.mark.parametrize(("allowed", "passes"), [(0, False), (1, False), (2, True)])
def test_failures_are_allowed_up_to_a_number(night: Reported, allowed: int, passes: bool) -> None:
    night.plan([*rows(1), *rows(2, direction="x")])
    night.fail()
    if passes:
        require_green(night.summary(), allowed)
    else:
        with pytest.raises(GongImportFailedError, match=f"2 of 2 rows.*; max_failed is {allowed}"):
            require_green(night.summary(), allowed)


def test_an_import_that_was_never_planned_has_no_report(night: Reported) -> None:
    with pytest.raises(GongImportFailedError, match="has no plan"):
        night.summary()


@pytest.mark.parametrize("file_mode", [None, 0o640, 0o600])
@pytest.mark.parametrize("as_path", [Path, ObjectStoragePath], ids=["pathlib", "airflow"])
def test_files_follow_the_umask_unless_a_setting_says_otherwise(
    night: Reported, as_path: Callable[[str], Any], file_mode: int | None
) -> None:
    night.plan([manifest_row(1)])
    before = os.umask(0o022)
    try:
        target = as_path(str(night.folder / "report"))
        ImportReport(night.ledger, folder=target).run()
        ImportReport(night.ledger, folder=target, file_mode=file_mode).run()
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (night.folder / "report").iterdir()}
    assert modes == {file_mode or 0o644}


class BrokenLedger(Ledger):
    """A ledger whose store is gone after a few rows."""

    left = 0

    def rows(self) -> Iterator[ImportRow]:
        for row in super().rows():
            if self.left == 0:
                raise GongStoreError("the store is gone")
            self.left -= 1
            yield row


@pytest.mark.parametrize("place", ["", "memory://reports"], ids=["local", "object store"])
@pytest.mark.parametrize("left", [3, 5, 9, 11], ids=["report.csv", "report.html", "retry.csv", "permanent.csv"])
def test_a_report_that_cannot_be_completed_leaves_whole_files(night: Reported, place: str, left: int) -> None:
    night.plan([*rows(1), *rows(2, direction="x")])
    old, new = (UPath(f"{place or night.folder}/{uuid.uuid4()}") for _ in range(2))
    ImportReport(night.ledger, folder=old).run()
    before = texts(old)
    night.verify()
    ImportReport(night.ledger, folder=new).run()
    after = texts(new)
    broken = BrokenLedger(night.ledger.store, COMPANY, "night")
    broken.left = left
    with pytest.raises(GongStoreError):
        ImportReport(broken, folder=old).run()
    assert texts(old).keys() == before.keys()
    for name, text in texts(old).items():
        assert text in (before[name], after[name]) or (name == REPORT_HTML and text.endswith("</html>"))


def texts(folder: UPath) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}
