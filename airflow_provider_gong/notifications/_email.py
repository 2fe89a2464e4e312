"""The outcome of an import as HTML for email programs: tables and inline styles, no images or scripts."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_gong.call_import.report.report_page import html_template
from airflow_provider_gong.notifications._facts import web_url

if TYPE_CHECKING:
    from jinja2 import Template

    from airflow_provider_gong.notifications._facts import ImportFacts

_TEMPLATE = Path(__file__).with_name("outcome.html.jinja")


def outcome_html(outcome: ImportFacts) -> str:
    """Return the outcome as HTML, in which all text from manifests, files and Gong is escaped."""
    return str(_template().render(outcome=outcome, report_url=web_url(outcome.report)))


@functools.cache
def _template() -> Template:
    return html_template(_TEMPLATE)
