"""
Takes the pictures of the documentation from the running product: ``make pictures``.

An import runs against an emulated Gong, in a real DAG; the pictures are its report, the email about it, and the
emulator's page. Needs Chromium.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "images"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory(prefix="gong-pictures-") as scratch:
        home = Path(scratch)
        os.environ |= {"AIRFLOW_HOME": str(home / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        from airflow_provider_gong.emulator import ManualClock, running_emulator

        settings = {"requests_per_second": 0, "requests_per_day": 0, "processing_seconds": 0}
        with running_emulator(clock=ManualClock(), **settings) as emulator:
            os.environ["AIRFLOW_CONN_GONG_DEFAULT"] = json.dumps(
                emulator.connection(requests_per_second=1000, company="us-12345")
            )
            report, email = imported(home)
            photograph(
                {
                    "report.png": (report.as_uri(), 900, 560),
                    "email.png": (email.as_uri(), 900, 560),
                    "emulator.png": (emulator.url, 1100, 760),
                }
            )


def imported(folder: Path) -> tuple[Path, Path]:
    """Import a night in which some rows are wrong, and return its report and the email about it."""
    from airflow_provider_gong.call_import.report.report import REPORT_HTML, REPORT_JSON
    from airflow_provider_gong.notifications.outcome import CallImportOutcome
    from tests.support.recordings import manifest_row, write_night

    wrong = [
        manifest_row(41, primary_user="nobody@example.com", title="Renewal with Northwind"),
        manifest_row(42, primary_user="noor.haddad@example.com", title="First call"),
        manifest_row(43, direction="sideways", title="Kickoff"),
    ]
    os.chdir(folder)  # for a short path in the picture
    manifest = write_night(Path("2026-11-19"), [*(manifest_row(number) for number in range(1, 41)), *wrong])
    run(manifest, folder / "report")
    summary = json.loads((folder / "report" / REPORT_JSON).read_text())
    outcome = CallImportOutcome.of(summary, report="s3://recordings.example.com/2026-11-19/report/report.html")
    email = folder / "email.html"
    email.write_text(f"<!DOCTYPE html><meta charset='utf-8'><body style='margin: 24px'>{outcome.html}")
    return folder / "report" / REPORT_HTML, email


def run(manifest: Path, report: Path) -> None:
    """Run the DAG of an import, which fails since rows are wrong."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.sdk import DAG
    from airflow.utils.db import initdb

    from airflow_provider_gong.task_groups import gong_call_import

    initdb()
    DagBundlesManager().sync_bundles_to_db()
    with DAG("nightly_gong_import", schedule=None) as dag:
        gong_call_import(str(manifest), import_id="nightly_gong_import 2026-11-19", report_path=str(report))
    bag = DagBag(os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    dag.test()


def photograph(pictures: dict[str, tuple[str, int, int]]) -> None:
    """Take pictures of addresses, each with its width and height."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        sys.exit("Chromium is not installed. On Debian: apt install chromium")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as driver, driver.chromium.launch(executable_path=program) as browser:
        for name, (address, width, height) in pictures.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(address)
            page.screenshot(path=FOLDER / name)
            print(FOLDER / name)


if __name__ == "__main__":
    main()
