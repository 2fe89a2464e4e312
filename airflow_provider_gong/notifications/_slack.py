"""The outcome of an import as blocks of a Slack message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import counted
from airflow_provider_gong.notifications._facts import web_url

if TYPE_CHECKING:
    from airflow_provider_gong.notifications._facts import ImportFacts

# https://docs.slack.dev/reference/block-kit/blocks/header-block and .../section-block
_LONGEST_HEADER = 150
_LONGEST_SECTION = 3000


def outcome_blocks(outcome: ImportFacts) -> list[dict[str, Any]]:
    """
    Return the blocks.

    Text from outside is ``plain_text``, in which Slack ignores mentions, links and formatting.
    """
    blocks = [
        {"type": "header", "text": _plain(outcome.subject, _LONGEST_HEADER)},
        _section("\n".join((outcome.counts, *outcome.actors))),
        *(_section(str(problem)) for problem in outcome.problems),
    ]
    if outcome.more:
        blocks.append(_section(f"{counted(outcome.more, 'more problem')} in the report"))
    report_url = web_url(outcome.report)
    if outcome.report and not report_url:
        blocks.append(_section(f"Report: {outcome.report}"))
    named = (("Report", report_url), ("Task in Airflow", outcome.log_url))
    links = " · ".join(_link(name, url) for name, url in named if url)
    if links:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": links, "verbatim": True}})
    return blocks


def escaped(text: str) -> str:
    """Return a text without mentions and links in Slack's notation."""
    # https://docs.slack.dev/messaging/formatting-message-text#escaping
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text, _LONGEST_SECTION)}


def _plain(text: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text if len(text) <= longest else f"{text[: longest - 3]}...", "emoji": False}


def _link(name: str, url: str) -> str:
    return f"<{escaped(url).replace('|', '%7C')}|{name}>"
