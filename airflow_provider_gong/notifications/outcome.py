"""The outcome of an import as a subject, short text, HTML and Slack blocks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_gong.notifications._facts import ImportFacts, web_url

_TEMPLATE = Path(__file__).with_name("outcome.html.jinja")


@dataclass(frozen=True)
class CallImportOutcome(ImportFacts):
    """
    The outcome of an import in the forms that notifiers send: ``subject``, ``text``, ``html`` and Slack blocks.

    Its texts contain no secrets and no markup from outside.
    """

    @property
    def html(self) -> str:
        """The outcome as HTML for an email: tables and inline styles, in which all text from outside is escaped."""
        from airflow_provider_gong.call_import.report.report_page import html_template

        return html_template(_TEMPLATE).render(outcome=self, report_url=web_url(self.report))

    @property
    def slack_text(self) -> str:
        """The outcome as text for Slack, in which text from outside cannot mention people or hide where links lead."""
        from airflow_provider_gong.notifications._slack import outcome_text

        return outcome_text(self)

    @property
    def slack_blocks(self) -> list[dict[str, Any]]:
        """The outcome as blocks of a Slack message, within Slack's limits."""
        from airflow_provider_gong.notifications._slack import outcome_blocks

        return outcome_blocks(self)
