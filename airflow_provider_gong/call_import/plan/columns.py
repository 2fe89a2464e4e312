"""From a manifest's row to the call that it describes, and from what is wrong with the call back to the columns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_provider_gong.call_import.manifest.fields import (
    FLOW_TASK_COLUMN,
    JSON_COLUMNS,
    OPTIONAL_COLUMNS,
    PARTY_CONTEXT,
    PARTY_FIELDS,
    REQUIRED_COLUMNS,
    TIME_COLUMNS,
    is_json,
    party_field,
)
from airflow_provider_gong.call_import.manifest.manifest import ManifestRow
from airflow_provider_gong.call_import.manifest.records import distinct
from airflow_provider_gong.call_import.plan.hosts import Host
from airflow_provider_gong.call_import.plan.times import parse_time
from airflow_provider_gong.client.errors import FieldProblem, GongValidationError
from airflow_provider_gong.client.models import CallParty, NewCall, parse_request
from airflow_provider_gong.ledger.rows import Actor, Problem

_PLAIN_COLUMNS = [
    column
    for column in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
    if column not in ("media", FLOW_TASK_COLUMN, *JSON_COLUMNS, *TIME_COLUMNS)
]
_PARTY_COLUMNS = {field: column for column, field in PARTY_FIELDS.items()}
_PARTY_PATH = re.compile(r"parties\[(\d+)\](?:\.(\w+)(.*))?")
_UPPER_CASE = re.compile(r"(?<=[a-z])([A-Z])")


@dataclass(slots=True)
class _Party:
    """
    A party as far as a row gives it.

    :param fields: its fields by Gong's names
    :param number: number in the columns' names; None for the host's own entry and for one of the column ``parties``
    :param index: place in the list of the column ``parties``
    """

    fields: dict[str, Any]
    number: int | None = None
    index: int | None = None

    def column(self, path: str, field: str | None, rest: str) -> str:
        """Return the column that holds a field, or the path if none does."""
        if self.number is not None:
            return f"party_{self.number}_{_PARTY_COLUMNS.get(field or '', field)}{rest}"
        return path if self.index is None else re.sub(r"\d+", str(self.index), path, count=1)


@dataclass(slots=True)
class CallDraft:
    """
    The fields of a call as far as a row gives them.

    :param fields: fields of ``NewCall`` by their names in snake_case
    :param parties: the entries of ``parties``, with where they come from
    :param problems: what is wrong with cells before the call as a whole can be looked at
    """

    fields: dict[str, Any]
    parties: tuple[_Party, ...]
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
        return Problem(self._column(problem.field), problem.value, problem.rule, problem.remedy, Actor.MANIFEST)

    def _column(self, path: str) -> str:
        if match := _PARTY_PATH.fullmatch(path):
            return self.parties[int(match[1])].column(path, match[2], match[3] or "")
        if path == "downloadMediaUrl":
            return "media"
        if path.startswith("flowContext"):
            return FLOW_TASK_COLUMN
        column, end, rest = re.split(r"([.\[]|$)", path, maxsplit=1)
        return _UPPER_CASE.sub(lambda letter: f"_{letter[1].lower()}", column) + end + rest


def draft_call(row: ManifestRow, host: Host | Problem, timezone: str | None) -> CallDraft:
    """
    Return what a row says of its call. The host becomes a party if none of the row's parties has the host's address.

    :param host: the user found for ``primary_user``, or why there is none
    :param timezone: zone of times without an offset; None refuses them
    """
    fields: dict[str, Any] = {column: row.values[column] for column in _PLAIN_COLUMNS if column in row.values}
    problems = [] if isinstance(host, Host) else [host]
    for column in TIME_COLUMNS:
        moment = parse_time(column, row.values[column], timezone) if column in row.values else None
        if isinstance(moment, Problem):
            problems.append(moment)
        elif isinstance(moment, datetime):
            fields[column] = moment
    if FLOW_TASK_COLUMN in row.values:
        fields["flow_context"] = {"taskId": row.values[FLOW_TASK_COLUMN]}
    parsed, unreadable = _json_cells(row)
    problems += unreadable
    parties = _listed_parties(parsed.pop("parties", []), problems) + _numbered_parties(row, parsed)
    fields |= {column: parsed[column] for column in JSON_COLUMNS if column in parsed}
    if isinstance(host, Host):
        fields["primary_user"] = host.id
        parties = _with_host(parties, host)
    fields["parties"] = [party.fields for party in parties]
    return CallDraft(fields, tuple(parties), tuple(problems))


def _json_cells(row: ManifestRow) -> tuple[dict[str, Any], list[Problem]]:
    parsed: dict[str, Any] = {}
    problems = []
    for column, text in row.values.items():
        if not is_json(column):
            continue
        try:
            value = json.loads(text, object_pairs_hook=_sorted_object)
            # Halves of surrogate pairs can be written in JSON, but are no text.
            json.dumps(value, ensure_ascii=False).encode()
            parsed[column] = value
        except (ValueError, RecursionError) as error:
            remedy = "Write it as in Gong's API, such as a list of objects in double quotes."
            problems.append(Problem(column, text, f"is not JSON ({error})", remedy, Actor.MANIFEST))
    return parsed, problems


def _sorted_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(sorted(distinct(pairs).items()))


def _listed_parties(entries: Any, problems: list[Problem]) -> list[_Party]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        rule = "must be a list of objects with named fields"
        problems.append(Problem("parties", json.dumps(entries), rule, "Write it like [{...}, {...}].", Actor.MANIFEST))
        return []
    named = [{CallParty.official_name(name): value for name, value in entry.items()} for entry in entries]
    return [_Party(fields, index=index) for index, fields in enumerate(named)]


def _numbered_parties(row: ManifestRow, parsed: dict[str, Any]) -> list[_Party]:
    parties: dict[int, dict[str, Any]] = {}
    for column, text in row.values.items():
        if field := party_field(column):
            number, name = field
            value = parsed.get(column) if name == PARTY_CONTEXT else text
            parties.setdefault(number, {})[PARTY_FIELDS[name]] = value
    return [_Party(parties[number], number) for number in sorted(parties)]


def _with_host(parties: list[_Party], host: Host) -> list[_Party]:
    for party in parties:
        if _is_host(party.fields, host):
            party.fields["userId"] = host.id
            return parties
    own = {"userId": host.id, "name": host.name, "emailAddress": next(iter(host.emails), "")}
    return [_Party({name: value for name, value in own.items() if value}), *parties]


def _is_host(party: dict[str, Any], host: Host) -> bool:
    if user_id := party.get("userId"):
        return str(user_id) == host.id
    return str(party.get("emailAddress", "")).lower() in host.emails
