"""The outcome of an import as blocks of a Slack message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import counted
from airflow_provider_gong.notifications._facts import web_url

if TYPE_CHECKING:
    from airflow_provider_gong.notifications._facts import ImportFacts

# https://docs.slack.dev/reference/block-kit/blocks/header-block and .../section-block
_LONGEST_HEADER = 150
# All blocks together: https://github.com/slackapi/bolt-js/issues/2509 (msg_blocks_too_long from 13,200 characters on).
_LONGEST_SECTION = 1500
_LONGEST_LINK = 1200
# Slack splits longer texts: https://docs.slack.dev/reference/methods/chat.postMessage, "Truncating content".
_LONGEST_TEXT = 4000


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
    if outcome.report:
        blocks.append(_link("Report", outcome.report))
    if outcome.log_url:
        blocks.append(_link("Task in Airflow", outcome.log_url))
    return blocks


def outcome_text(outcome: ImportFacts) -> str:
    """Return the outcome as text, in which text from outside cannot mention people or hide where a link leads."""
    text = escaped(_shortened(outcome.text, _LONGEST_TEXT))
    return text if _units(text) <= _LONGEST_TEXT else escaped(_shortened(outcome.text, _LONGEST_TEXT // len("&amp;")))


def escaped(text: str) -> str:
    """Return a text without mentions and links in Slack's notation."""
    # https://docs.slack.dev/messaging/formatting-message-text#escaping
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _section(text: str, longest: int = _LONGEST_SECTION) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text, longest)}


def _plain(text: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _shortened(text, longest), "emoji": False}


def _link(name: str, target: str) -> dict[str, Any]:
    """Return a link, or plain text if Slack could not open it or would refuse its length."""
    link = f"<{escaped(target).replace('|', '%7C')}|{name}>"
    if not web_url(target) or _units(link) > _LONGEST_LINK:
        return _section(f"{name}: {target}", _LONGEST_LINK)
    return {"type": "section", "text": {"type": "mrkdwn", "text": link, "verbatim": True}}


def _shortened(text: str, longest: int) -> str:
    if _units(text) <= longest:
        return text
    # Cut between two characters, each of which has one unit or two.
    return text.encode("utf-16-le")[: 2 * (longest - 3)].decode("utf-16-le", errors="ignore") + "..."


def _units(text: str) -> int:
    """Return the length in units of UTF-16, the most that Slack can count as characters."""
    return len(text.encode("utf-16-le")) // 2
