"""People find in the documentation what they look for, in two clicks or with one search."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DOCS = Path(__file__).parents[2] / "docs"


@dataclass(frozen=True)
class Question:
    """
    Something that people want to know.

    :param clicks: texts of the links to click, from the start page
    :param answer: a part of the answer on the page where the clicks end
    :param searches: what people might search for instead
    :param pages: pages that answer it
    """

    clicks: tuple[str, ...]
    answer: str
    searches: tuple[str, ...]
    pages: tuple[str, ...]


QUESTIONS = {
    "map IN and OUT to directions": Question(
        clicks=("How do I …?", "Directions"),
        answer="Map all other words to directions with values",
        searches=("direction", "map direction", "direction IN OUT"),
        pages=("manifests", "how_do_i"),
    ),
    "backfill 30 days": Question(
        clicks=("Backfill",),
        answer="airflow backfill create --dag-id nightly_gong_import",
        searches=("backfill", "backfill 30 days", "last 30 days"),
        pages=("backfill", "how_do_i"),
    ),
    "get an email about rejected rows": Question(
        clicks=("Alerts and events",),
        answer="GongCallImportNotifier(email)",
        searches=("email", "email rejected rows", "notify"),
        pages=("alerts", "how_do_i"),
    ),
    "run without a shared database": Question(
        clicks=("How do I …?", "Without a shared database"),
        answer='import_path="{{ params.imports }}"',
        searches=("without database", "shared database", "no database"),
        pages=("call_import", "how_do_i", "installation"),
    ),
    "know what incomplete means": Question(
        clicks=("How do I …?", "Incomplete rows"),
        answer='set on_existing="complete" and clear the upload task',
        searches=("incomplete", "incomplete rows"),
        pages=("call_import", "how_do_i", "on_call", "troubleshooting"),
    ),
    "import a folder without a list": Question(
        clicks=("A folder of recordings",),
        answer="name_template=",
        searches=("folder", "folder without list", "file names"),
        pages=("folder_of_recordings", "how_do_i"),
    ),
    "use the client outside of Airflow": Question(
        clicks=("The client without Airflow",),
        answer="from airflow_provider_gong.client import",
        searches=("client", "client outside of Airflow", "without Airflow"),
        pages=("client", "how_do_i"),
    ),
    "import every night": Question(
        clicks=("Nightly import",),
        answer="The DAG imports them into Gong every night",
        searches=("nightly", "every night", "daily import"),
        pages=("nightly", "how_do_i"),
    ),
    "replace a script": Question(
        clicks=("Moving from a script",),
        answer="airflow-gong imports adopt",
        searches=("script", "replace script", "adopt"),
        pages=("from_a_script", "how_do_i", "command"),
    ),
    "upload a single call": Question(
        clicks=("Single calls",),
        answer="GongUploadCallOperator creates a call and uploads its recording",
        searches=("single call", "upload one call"),
        pages=("calls", "how_do_i"),
    ),
    "move a meeting": Question(
        clicks=("Meetings",),
        answer="GongUpdateMeetingOperator",
        searches=("meeting", "move meeting", "cancel meeting"),
        pages=("meetings",),
    ),
    "know what to do when a run has failed": Question(
        clicks=("On call",),
        answer="No step on this page can send a call twice",
        searches=("on call", "failed run"),
        pages=("on_call", "troubleshooting", "nightly", "how_do_i"),
    ),
    "test a DAG without Gong": Question(
        clicks=("Test your own DAGs",),
        answer="dag.test() runs a whole DAG in the test process",
        searches=("test DAG", "without Gong account", "emulator"),
        pages=("test_your_dags", "how_do_i", "emulator"),
    ),
    "rotate API keys without stopping imports": Question(
        clicks=("How do I …?", "Rotate the access key"),
        answer="Delete the old key in Gong",
        searches=("rotate", "rotate key", "new API key"),
        pages=("administration", "how_do_i"),
    ),
    "import calls of two Gong companies": Question(
        clicks=("Administration",),
        answer="Create an Airflow connection for each company",
        searches=("two companies", "several companies", "second company"),
        pages=("administration", "how_do_i"),
    ),
    "know why a call is in Gong without media": Question(
        clicks=("How do I …?", "A call has no recording"),
        answer="clear the upload task; it resumes",
        searches=("without recording", "call without media", "no recording"),
        pages=("troubleshooting", "how_do_i"),
    ),
    "move the store to PostgreSQL": Question(
        clicks=("How do I …?", "Move the store"),
        answer="There is no data to migrate",
        searches=("move store", "SQLite to PostgreSQL", "migrate PostgreSQL", "PostgreSQL"),
        pages=("administration", "how_do_i", "installation", "connection"),
    ),
    "delete calls imported by mistake": Question(
        clicks=("How do I …?",),
        answer="You can delete a call that was imported by mistake",
        searches=("delete call", "imported by mistake", "wrong import"),
        pages=("how_do_i",),
    ),
    "limit the share of a backfill": Question(
        clicks=("Administration",),
        answer='"reserved_requests": 6000',
        searches=("limit backfill", "quota backfill", "daily quota"),
        pages=("administration", "how_do_i", "backfill", "budget"),
    ),
    "run on MWAA without a shared database": Question(
        clicks=("Installation",),
        answer='use import_path="s3://..."',
        searches=("MWAA", "MWAA database"),
        pages=("installation",),
    ),
    "export only transcripts to Google Cloud Storage": Question(
        clicks=("How do I …?",),
        answer='tables=["transcript_sentences"]',
        searches=("transcripts", "export transcripts", "Google Cloud Storage", "GCS"),
        pages=("how_do_i", "call_export", "call_export_tables"),
    ),
    "find rows that need a Gong administrator": Question(
        clicks=("How do I …?",),
        answer="gong_administrator",
        searches=("administrator", "Gong administrator"),
        pages=("how_do_i", "alerts", "call_import", "on_call"),
    ),
    "upgrade the provider safely": Question(
        clicks=("Administration",),
        answer="an older version refuses to use the store",
        searches=("upgrade", "new version"),
        pages=("administration", "how_do_i"),
    ),
    "know what personal data is stored, and erase it": Question(
        clicks=("Administration",),
        answer="The ids of the calls are kept",
        searches=("personal data", "erase", "GDPR"),
        pages=("administration", "security", "how_do_i"),
    ),
}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Keep requests out of the output."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the documentation and serve it, since browsers do not load the index of a search from files."""
    folder = tmp_path_factory.mktemp("docs")
    environment = os.environ | {"AIRFLOW_HOME": str(folder / "airflow")}
    options = ("--quiet", "--fail-on-warning", "--builder", "html", "--doctree-dir", str(folder / "doctrees"))
    subprocess.run([sys.executable, "-m", "sphinx", *options, DOCS, folder / "html"], check=True, env=environment)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder / "html"))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def start(chromium: Browser, site: str) -> Iterator[Page]:
    """Return the start page of the documentation."""
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{site}/index.html")
        yield page


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_the_answer_is_two_clicks_away(start: Page, question: Question) -> None:
    assert len(question.clicks) <= 2
    for text in question.clicks:
        start.locator("article").get_by_role("link", name=text).first.click()
    assert question.answer in start.locator("article").inner_text()


@pytest.mark.parametrize(
    ("term", "pages"),
    [
        pytest.param(term, question.pages, id=term)
        for question in QUESTIONS.values()
        for term in question.searches
    ],
)  # fmt: skip
def test_one_search_finds_the_page(start: Page, term: str, pages: tuple[str, ...]) -> None:
    start.get_by_role("textbox", name="Search").fill(term)
    start.keyboard.press("Enter")
    # The summary has the number of results once all of them are in the list.
    start.get_by_text("Search finished", exact=False).wait_for()
    links = start.locator("#search-results ul.search li > a").evaluate_all("all => all.map(link => link.pathname)")
    assert {Path(link).stem for link in links[:3]} & set(pages), links[:10]
