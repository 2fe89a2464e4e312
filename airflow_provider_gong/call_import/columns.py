"""From a manifest's row to the call that it describes, and from what is wrong with the call back to the columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_gong.call_import.hosts import Host
from airflow_provider_gong.call_import.manifest import OPTIONAL_COLUMNS, PARTY_COLUMN, REQUIRED_COLUMNS, ManifestRow
from airflow_provider_gong.call_import.times import parse_time
from airflow_provider_gong.client.errors import FieldProblem, GongValidationError
from airflow_provider_gong.client.models import NewCall, parse_request
from airflow_provider_gong.store.ledger_rows import Problem

_TIME_COLUMNS = ("actual_start", "scheduled_start", "scheduled_end")
_PARTY_FIELDS = {"name": "name", "email": "emailAddress", "phone": "phoneNumber"}
_PARTY_PATH = re.compile(r"parties\[(\d+)\](?:\.(\w+))?")


@dataclass(frozen=True, slots=True)
class CallDraft:
    """
    The fields of a call as far as a row gives them.

    :param fields: fields of ``NewCall`` by their names in snake_case
    :param party_numbers: number in the columns' names for each entry of ``parties``; None for the host's own entry
    :param problems: what is wrong with cells before the call as a whole can be looked at
    """

    fields: dict[str, Any]
    party_numbers: tuple[int | None, ...]
    problems: tuple[Problem, ...]

    def validated(self) -> NewCall | tuple[Problem, ...]:
        """Return the call, or everything that is wrong with it in terms of the manifest's columns."""
        try:
            call = parse_request(NewCall, self.fields)
        except GongValidationError as error:
            known = {problem.field for problem in self.problems}
            if "primary_user" in known:
                # All that the parties as a whole can lack is the host.
                known.add("parties")
            found = (self._in_columns(problem) for problem in error.problems)
            return self.problems + tuple(problem for problem in found if problem.field not in known)
        return self.problems or call

    def _in_columns(self, problem: FieldProblem) -> Problem:
        return Problem(self._column(problem.field), problem.value, problem.rule, problem.remedy, "manifest")

    def _column(self, path: str) -> str:
        if match := _PARTY_PATH.match(path):
            number = self.party_numbers[int(match[1])]
            columns = {field: column for column, field in _PARTY_FIELDS.items()}
            return f"party_{number}_{columns.get(match[2], match[2])}" if number else path
        if path == "downloadMediaUrl":
            return "media"
        return re.sub(r"(?<=[a-z])([A-Z])", lambda letter: f"_{letter[1].lower()}", path)


def draft_call(row: ManifestRow, host: Host | Problem, timezone: str | None) -> CallDraft:
    """
    Return what a row says of its call. The host becomes a party if none of the row's parties has the host's address.

    :param host: the user found for ``primary_user``, or why there is none
    :param timezone: zone of times without an offset; None refuses them
    """
    fields: dict[str, Any] = {
        column: row.values[column]
        for column in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
        if column in row.values and column not in ("media", *_TIME_COLUMNS)
    }
    problems = [] if isinstance(host, Host) else [host]
    for column in _TIME_COLUMNS:
        moment = parse_time(column, row.values[column], timezone) if column in row.values else None
        if isinstance(moment, Problem):
            problems.append(moment)
        elif isinstance(moment, datetime):
            fields[column] = moment
    parties = _parties(row)
    if isinstance(host, Host):
        fields["primary_user"] = host.id
        parties = _with_host(parties, host)
    fields["parties"] = [party for _, party in parties]
    return CallDraft(fields, tuple(number for number, _ in parties), tuple(problems))


def _parties(row: ManifestRow) -> list[tuple[int | None, dict[str, str]]]:
    parties: dict[int, dict[str, str]] = {}
    for column, text in row.values.items():
        if match := PARTY_COLUMN.fullmatch(column):
            parties.setdefault(int(match[1]), {})[_PARTY_FIELDS[match[2]]] = text
    return [(number, parties[number]) for number in sorted(parties)]


def _with_host(parties: list[tuple[int | None, dict[str, str]]], host: Host) -> list[tuple[int | None, dict[str, str]]]:
    for _, party in parties:
        if party.get("emailAddress", "").lower() in host.emails:
            party["userId"] = host.id
            return parties
    own = {"userId": host.id, "name": host.name, "emailAddress": next(iter(host.emails), "")}
    return [(None, {name: value for name, value in own.items() if value}), *parties]
