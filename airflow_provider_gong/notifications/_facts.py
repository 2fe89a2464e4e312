"""The outcome of an import, as counts and lines of text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from airflow_provider_gong._text import counted, row_place, shown
from airflow_provider_gong.ledger.rows import Actor

_MOST_PROBLEMS = 5
_LONGEST_SUBJECT = 150
_LONGEST_TITLE = 80


@dataclass(frozen=True)
class ProblemLine:
    """
    One problem of one row, as text that is safe to show.

    :param place: row and file of the manifest
    :param call: ``clientUniqueId`` and title of the call, if the manifest has them
    :param state: state of the row
    :param what: what is wrong
    :param remedy: what to do
    """

    place: str
    call: str
    state: str
    what: str
    remedy: str

    def __str__(self) -> str:
        call = f", {self.call}" if self.call else ""
        return f"{self.place}{call} ({self.state}): {self.what}. {self.remedy}"


@dataclass(frozen=True)
class ImportFacts:
    """
    The outcome of an import. Its texts are one line each, without secrets and without markup from outside.

    :param summary: the report task's summary, as in the XCom ``summary``; None if there is none
    :param report: path of the report's page, if one was written
    :param log_url: URL of the task's log in Airflow
    :param error: the error that ended the import if there is no summary
    :param who: the actor whose problems are listed; None for all
    """

    summary: Mapping[str, Any] | None
    report: str | None = None
    log_url: str | None = None
    error: str | None = None
    who: Actor | None = None

    @classmethod
    def of(
        cls,
        summary: Mapping[str, Any] | None,
        *,
        report: str | None = None,
        log_url: str | None = None,
        error: str | None = None,
    ) -> Self:
        """Return the outcome for a summary or an error."""
        return cls(summary, shown(report) if report else None, web_url(log_url), shown(error) if error else None)

    def only(self, who: Actor) -> Self:
        """Return the outcome with only the problems of one actor."""
        return dataclasses.replace(self, who=who)

    @property
    def import_id(self) -> str:
        """Id of the import; empty if unknown."""
        return shown(str((self.summary or {}).get("import_id", "")))

    @property
    def company(self) -> str:
        """The Gong company; empty if unknown."""
        return shown(str((self.summary or {}).get("company", "")))

    @property
    def unfinished(self) -> int:
        """Number of unfinished rows."""
        return int((self.summary or {}).get("unfinished", 0))

    @property
    def wrong(self) -> int:
        """Number of rows that are wrong."""
        return int((self.summary or {}).get("wrong", 0))

    @property
    def needs_action(self) -> bool:
        """Whether someone needs to act: no summary, unfinished rows, wrong rows, or problems."""
        return self.summary is None or bool(self.unfinished or self.wrong or self._who_must_act)

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        if self.summary is None:
            return "failed without a report"
        from airflow_provider_gong.call_import.report.report_page import verdict

        words = verdict(self.summary)[1]
        return words[:1].lower() + words[1:]

    @property
    def subject(self) -> str:
        """The outcome in one short line, for example for an email's subject."""
        if self.who is not None:
            news = f"{counted(self.problems_for(self.who), 'problem')} for {self.who.described}"
        else:
            news = self.verdict
        name = f" ({self.import_id})" if self.import_id else ""
        return shown(f"Gong import: {news}{name}", _LONGEST_SUBJECT)

    @property
    def counts(self) -> str:
        """Company, number of rows, and rows by state, in one line."""
        if self.summary is None:
            return self.error or "See the task's log."
        states = self.summary["states"].items()
        by_state = ", ".join(f"{count} {shown(str(state))}" for state, count in states) or "none"
        return f"Company {self.company}, {counted(self.summary['rows'], 'row')}: {by_state}"

    @property
    def actors(self) -> tuple[str, ...]:
        """Who needs to act, each with the number of problems."""
        chosen = {who: count for who, count in self._who_must_act.items() if self.who in (None, who)}
        return tuple(f"{counted(count, 'problem')} for {who.described}" for who, count in chosen.items())

    @cached_property
    def problems(self) -> tuple[ProblemLine, ...]:
        """The first problems of the report."""
        listed = [problem for problem in (self.summary or {}).get("problems", ()) if self.who in (None, problem["who"])]
        return tuple(_line(problem) for problem in listed[:_MOST_PROBLEMS])

    @property
    def more(self) -> int:
        """Number of problems that are not among the first."""
        number = sum(count for who, count in self._who_must_act.items() if self.who in (None, who))
        return max(0, number - len(self.problems))

    def problems_for(self, who: Actor) -> int:
        """Return the number of problems that an actor needs to act on."""
        return self._who_must_act.get(who, 0)

    @property
    def text(self) -> str:
        """The outcome as plain text of a few lines."""
        lines = [self.subject, self.counts, *self.actors, *(f"- {problem}" for problem in self.problems)]
        if self.more:
            lines.append(f"{counted(self.more, 'more problem')} in the report")
        lines += [f"Report: {self.report}"] if self.report else []
        lines += [f"Task: {self.log_url}"] if self.log_url else []
        return "\n".join(lines)

    @cached_property
    def _who_must_act(self) -> dict[Actor, int]:
        return {Actor(who): int(count) for who, count in (self.summary or {}).get("who_must_act", {}).items()}


def actor_named(who: str) -> Actor:
    """
    Return the actor with a name.

    :raises ValueError: for an unknown one
    """
    try:
        return Actor(who)
    except ValueError:
        raise ValueError(f"who must be one of {', '.join(Actor)}, not {who!r}.") from None


def web_url(url: str | None) -> str | None:
    """Return a URL if it leads to a web page, otherwise None."""
    is_page = url is not None and url.startswith(("https://", "http://")) and url.isprintable() and " " not in url
    return url if is_page else None


def _line(problem: Mapping[str, Any]) -> ProblemLine:
    ident, title = shown(problem.get("client_unique_id") or ""), shown(problem.get("title") or "", _LONGEST_TITLE)
    return ProblemLine(
        # The folder is the same for all, and the report has it.
        place=row_place(problem["row"], problem["file"].rpartition("/")[2], problem.get("line")),
        call=" ".join(part for part in (ident, f'"{title}"' if title else "") if part),
        state=shown(problem["state"]),
        what=f"{shown(problem['field'])}: {shown(problem['rule'])} (got {shown(problem['value'])})",
        remedy=shown(problem["remedy"]),
    )
