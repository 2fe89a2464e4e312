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
