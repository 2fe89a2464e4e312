"""From a manifest's row to the call that it describes, and from what is wrong with the call back to the columns."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any

from airflow_provider_gong.call_import.manifest.fields import FIELDS, Kind, column_at
from airflow_provider_gong.call_import.manifest.manifest import ManifestRow
from airflow_provider_gong.call_import.plan.cells import UnreadableCellError, read_json, read_time
from airflow_provider_gong.call_import.plan.hosts import Host
from airflow_provider_gong.client.errors import GongValidationError
from airflow_provider_gong.client.models import CallParty, NewCall, parse_request
from airflow_provider_gong.ledger.rows import Actor, Problem

_READ_ELSEWHERE = (Kind.HOST, Kind.MEDIA)
_PARTY_PATH = re.compile(r"parties\[(\d+)\](?:\.(.+))?", re.DOTALL)


@dataclass(slots=True)
class _Party:
    """
    A party as far as a row gives it.

    :param fields: its fields by Gong's names
    :param number: number in the columns' names; None for one of the column ``parties``
    :param index: place in the list of the column ``parties``
    """

    fields: dict[str, Any]
    number: int | None = None
    index: int | None = None

    def column(self, path: str) -> str:
        """Return the column that holds a field, with the place in the cell where that is JSON."""
        if self.number is None:
            return f"parties[{self.index}]" + (path and f".{path}")
        return column_at(path, self.number)


class CallDraft:
    """
    The call that a row describes. The host becomes a party if none of the row's parties has the host's address.

    :param row: the row
    :param host: the user found for ``primary_user``, or why there is none
    :param timezone: zone of times without an offset; None refuses them
    """

    def __init__(self, row: ManifestRow, host: Host | Problem, timezone: str | None) -> None:
        self._timezone = timezone
        self._fields: dict[str, Any] = {}
        self._problems: list[Problem] = []
        self._parties: list[_Party] = []
        self._read(row)
        if isinstance(host, Problem):
            self._problems.insert(0, host)
            self._fields["parties"] = [party.fields for party in self._parties]
        else:
            self._fields["primaryUser"] = host.id
            self._fields["parties"] = [*self._own_party(host), *(party.fields for party in self._parties)]

    def validated(self) -> NewCall | tuple[Problem, ...]:
        """Return the call, or everything that is wrong with it in terms of the manifest's columns."""
        try:
            call = parse_request(NewCall, self._fields)
        except GongValidationError as error:
            known = {problem.field for problem in self._problems}
            if "primary_user" in known:
                # All that the parties as a whole can lack is the host.
                known.add("parties")
            found = ((self._column(problem.field), problem) for problem in error.problems)
            self._problems += [
                Problem(column, problem.value, problem.rule, problem.remedy, Actor.MANIFEST)
                for column, problem in found
                if column not in known
            ]
        return tuple(self._problems) if self._problems else call

    def _read(self, row: ManifestRow) -> None:
        numbered: dict[int, dict[str, Any]] = {}
        for column, text in row.values.items():
            field = FIELDS.get(column)
            if field is None or field.kind in _READ_ELSEWHERE:
                continue
            holder = self._fields if field.party is None else numbered.setdefault(field.party, {})
            try:
                value = text if field.kind is Kind.TEXT else self._value(field.kind, text)
            except UnreadableCellError as unreadable:
                self._problems.append(Problem(column, text, unreadable.rule, unreadable.remedy, Actor.MANIFEST))
                continue
            head, _, leaf = field.path.partition(".")
            holder[head] = {leaf: value} if leaf else value
        self._parties += self._listed_parties(self._fields.pop("parties", []))
        self._parties += (_Party(numbered[number], number) for number in sorted(numbered))

    def _value(self, kind: Kind, text: str) -> Any:
        return read_json(text) if kind is Kind.JSON else read_time(text, self._timezone)

    def _listed_parties(self, entries: Any) -> list[_Party]:
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            rule = "must be a list of objects with named fields"
            problem = Problem("parties", json.dumps(entries), rule, "Write it like [{...}, {...}].", Actor.MANIFEST)
            self._problems.append(problem)
            return []
        named = ({CallParty.official_name(name): value for name, value in entry.items()} for entry in entries)
        return [_Party(fields, index=index) for index, fields in enumerate(named)]

    def _own_party(self, host: Host) -> list[CallParty]:
        for party in self._parties:
            if _is_host(party.fields, host):
                party.fields["userId"] = host.id
                return []
        return [_host_party(host)]

    def _column(self, path: str) -> str:
        """Return the column that a field of the call was read from, or the path if it was not."""
        match = _PARTY_PATH.fullmatch(path)
        if match is None:
            return column_at(path)
        index = int(match[1]) - (len(self._fields["parties"]) - len(self._parties))
        return self._parties[index].column(match[2] or "") if index >= 0 else path


def _is_host(party: dict[str, Any], host: Host) -> bool:
    if user_id := party.get("userId"):
        return str(user_id) == host.id
    return str(party.get("emailAddress", "")).lower() in host.emails


@functools.lru_cache
def _host_party(host: Host) -> CallParty:
    """Return the host as a party of calls that name no such party; checked once for all of them."""
    own = {"userId": host.id, "name": host.name, "emailAddress": next(iter(host.emails), "")}
    return parse_request(CallParty, {name: value for name, value in own.items() if value})
