"""Turns a manifest's row into the call that it describes, and maps problems with the call back to columns."""

from __future__ import annotations

import functools
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.manifest.fields import (
    FIELDS,
    NESTED,
    PARTY_FIELDS,
    Field,
    Kind,
    column_at,
    field_at,
)
from airflow_provider_gong.call_import.manifest.manifest import ManifestRow
from airflow_provider_gong.call_import.manifest.texts import MissingValueError, UnreadableCellError, trimmed
from airflow_provider_gong.call_import.manifest.values import text_of
from airflow_provider_gong.call_import.plan.cells import CellRules, check_cell, read_cell
from airflow_provider_gong.call_import.plan.hosts import Host
from airflow_provider_gong.client.errors import FieldProblem, GongValidationError
from airflow_provider_gong.client.models import CallParty, NewCall, parse_request
from airflow_provider_gong.ledger.rows import Actor, Problem

# Looking up members of an enumeration is slow.
_TEXT, _ID = Kind.TEXT, Kind.ID
_READ_HERE = {column: field for column, field in FIELDS.items() if field.kind not in (Kind.HOST, Kind.MEDIA)}
_PARTY_PATH = re.compile(r"parties\[(\d+)\](?:\.(.+))?", re.DOTALL)
_MORE_REMEDIES = {"direction": " Or map it with values in the parameter columns."}
_OF_PARTY = {field.path: field for field in PARTY_FIELDS if field.kind is not Kind.JSON}
_NAMES = [field.path for field in PARTY_FIELDS if field.names]


@dataclass(slots=True)
class _Party:
    """
    A party as given in a row.

    :param fields: its fields by Gong's names
    :param number: number in the columns' names; None for a party in the column ``parties``
    :param index: index in the list of the column ``parties``
    """

    fields: dict[str, Any]
    number: int | None = None
    index: int | None = None

    def column(self, path: str) -> str:
        """Return the column of a field, with the position in the cell if it is JSON."""
        if self.number is None:
            return f"parties[{self.index}]" + (path and f".{path}")
        return column_at(path, self.number)


class CallDraft:
    """
    The call that a row describes. The host becomes a party if none of the row's parties has the host's address.

    :param row: the row
    :param host: the user found for ``primary_user``, or why there is none
    :param rules: how cells are read
    """

    __slots__ = ("_fields", "_host", "_is_unread", "_parties", "_rules", "_unreadable", "lost", "problems", "remarks")

    def __init__(self, row: ManifestRow, host: Host | Problem, rules: CellRules) -> None:
        self._rules = rules
        self._host = host
        self._is_unread = row.misfit is not None
        self._fields: dict[str, Any] = {}
        self._parties: list[_Party] = []
        # The fields that lack a cell, its own field, its text, and why it cannot be read.
        self._unreadable: list[tuple[dict[str, Any], Field, str, UnreadableCellError]] = []
        self.problems: list[Problem] = [*row.problems]
        """Why the row is rejected."""
        self.remarks: list[tuple[str, str]] = []
        """Warnings, which do not reject the row, with the column unless the text names it."""
        self.lost: set[str] = set()
        """Columns whose cells would be read as something else in the next manifest, where all cells are text."""
        if isinstance(host, Problem):
            self.problems.append(host)
        elif host.remark:
            self.remarks.append(("", host.remark))
        self._read(row)
        own = [] if isinstance(host, Problem) else self._host_party(host)
        self._fields["parties"] = [*own, *(party.fields for party in self._parties)]

    def validated(self) -> NewCall | None:
        """Return the call; None if the row is rejected. All errors are in the row's problems."""
        if self._is_unread:
            # What it lacks is unknown.
            self.problems, self.remarks = [], []
            return None
        while True:
            try:
                call = parse_request(NewCall, self._fields)
            except GongValidationError as error:
                # All at once, because each round takes as long as the row.
                if sum(map(self._leave_out, error.problems)):
                    continue
                self._reject(error.problems)
                return None
            return None if self.problems else call

    def _read(self, row: ManifestRow) -> None:
        fields, is_plain = self._fields, row.is_plain
        numbered: defaultdict[int, dict[str, Any]] = defaultdict(dict)
        for column, text in row.values.items():
            field = _READ_HERE.get(column)
            if field is None:
                continue
            holder = fields if field.party is None else numbered[field.party]
            if is_plain and (field.kind is _TEXT or field.kind is _ID):
                holder[field.path] = text
            else:
                self._read_cell(holder, field, text, is_checked=is_plain)
        for path, name, inner_name in NESTED:
            if path in self._fields:
                self._fields[name] = {inner_name: self._fields.pop(path)}
        if "parties" in self._fields:
            self._parties += self._listed_parties(self._fields.pop("parties"))
        self._parties += [_Party(numbered[number], number) for number in sorted(numbered) if numbered[number]]
        for holder, field, text, error in self._unreadable:
            self._settle(holder, field, text, error)

    def _read_cell(self, holder: dict[str, Any], field: Field, text: str, *, is_checked: bool = False) -> None:
        try:
            if not is_checked:
                check_cell(field.kind, text)
            holder[field.path], remark = read_cell(field.kind, text, self._rules)
        except UnreadableCellError as error:
            self._unreadable.append((holder, field, text, error))
        else:
            self._remark(field.column, remark)

    def _remark(self, column: str, remark: str) -> None:
        if remark:
            self.remarks.append((column, remark))

    def _settle(self, holder: dict[str, Any], field: Field, text: str, error: UnreadableCellError) -> None:
        """Leave out an unreadable cell, or reject its row."""
        if type(text) is not str:
            self.lost.add(field.column)
        problem = Problem(field.column, text, error.rule, error.remedy, Actor.MANIFEST)
        is_missing = isinstance(error, MissingValueError) and field.is_optional and not self._rules.is_strict
        if is_missing or self._may_be_left_out(holder, field):
            self._remark(field.column, _left_out(problem))
        else:
            self.problems.append(problem)

    def _may_be_left_out(self, holder: dict[str, Any], field: Field) -> bool:
        if self._rules.is_strict or not field.is_optional:
            return False
        return not field.names or self._is_named_without(holder, field.path)

    def _is_named_without(self, holder: dict[str, Any], path: str) -> bool:
        """Return whether something else identifies a party other than the host; else Gong shows a nameless call."""
        others = (party.fields for party in self._parties if not self._is_hosts(party.fields))
        return any(fields.get(name) and (fields is not holder or name != path) for fields in others for name in _NAMES)

    def _is_hosts(self, fields: dict[str, Any]) -> bool:
        return isinstance(self._host, Host) and _is_host(fields, self._host)

    def _leave_out(self, problem: FieldProblem) -> bool:
        """Leave out the cell that caused a problem of the call, if allowed; return whether it is left out."""
        holder, path = self._fields, problem.field
        match = _PARTY_PATH.fullmatch(path)
        if match is not None:
            party = self._party(int(match[1]))
            if party is None:
                return False
            holder, path = party.fields, match[2] or ""
        field = field_at(path, of_party=match is not None)
        name = "" if field is None else field.path.partition(".")[0]
        if field is None or name not in holder or not self._may_be_left_out(holder, field):
            return False
        del holder[name]
        self._remark(self._column(problem.field), _left_out(problem))
        return True

    def _reject(self, problems: Iterable[FieldProblem]) -> None:
        known = {problem.field for problem in self.problems}
        if "primary_user" in known:
            # The only thing that the parties as a whole can lack is the host.
            known.add("parties")
        found = ((self._column(problem.field), problem) for problem in problems)
        self.problems += [
            Problem(
                column, problem.value, problem.rule, problem.remedy + _MORE_REMEDIES.get(column, ""), Actor.MANIFEST
            )
            for column, problem in found
            if column not in known
        ]

    def _listed_parties(self, entries: Any) -> list[_Party]:
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            rule = "must be a list of objects with named fields"
            problem = Problem("parties", json.dumps(entries), rule, "Write it like [{...}, {...}].", Actor.MANIFEST)
            self.problems.append(problem)
            return []
        parties = [_Party({}, index=index) for index in range(len(entries))]
        for party, entry in zip(parties, entries, strict=True):
            for name, value in entry.items():
                path = CallParty.official_name(name)
                field = _OF_PARTY.get(path)
                if field is None or value is None or isinstance(value, list | dict):
                    party.fields[path] = value
                elif text := trimmed(text_of(value)):
                    self._read_cell(party.fields, replace(field, column=party.column(path)), text)
        return [party for party in parties if party.fields]

    def _host_party(self, host: Host) -> list[CallParty]:
        """Mark the host among the parties, or return a new party for the host."""
        self._fields["primaryUser"] = host.id
        for party in self._parties:
            if _is_host(party.fields, host):
                party.fields["userId"] = host.id
                return []
        return [_party_of(host)]

    def _party(self, index: int) -> _Party | None:
        """Return a party by its index in the call; None for the host if the row has no party for the host."""
        place = index - (len(self._fields["parties"]) - len(self._parties))
        return self._parties[place] if place >= 0 else None

    def _column(self, path: str) -> str:
        """Return the column that a field of the call was read from, or the path if it was not."""
        match = _PARTY_PATH.fullmatch(path)
        if match is None:
            return column_at(path)
        party = self._party(int(match[1]))
        return path if party is None else party.column(match[2] or "")


def _left_out(problem: Problem | FieldProblem) -> str:
    return f"{problem.rule} (got {shown(problem.value)}), so it is left out. {problem.remedy}"


def _is_host(party: dict[str, Any], host: Host) -> bool:
    if user_id := party.get("userId"):
        return str(user_id) == host.id
    return str(party.get("emailAddress", "")).lower() in host.emails


@functools.lru_cache
def _party_of(host: Host) -> CallParty:
    """Return the host as a party for calls that do not name it; checked once for all of them."""
    own = {"userId": host.id, "name": host.name, "emailAddress": next(iter(host.emails), "")}
    return parse_request(CallParty, {name: value for name, value in own.items() if value})
