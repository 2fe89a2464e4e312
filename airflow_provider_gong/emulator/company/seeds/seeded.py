"""
What the company has besides users and calls, generated once: trackers, scorecards, flows and so on.

The file next to this module has placeholders: ``$id:tracker/discount`` for an id, ``$number:...`` for the same as a
number, ``$user:0`` for the id of the first user, ``$workspace:0`` for the first workspace, ``$ago:30`` for a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from airflow_provider_gong.emulator.company.company import Company
from airflow_provider_gong.emulator.company.records import User
from airflow_provider_gong.emulator.company.seeds.documents import load_document
from airflow_provider_gong.emulator.world.times import wire_time

_DAY = 86_400


@cache
def _templates() -> Mapping[str, Any]:
    return load_document(Path(__file__).with_name("seeded.json"))


class Seeded:
    """
    The company's generated objects by name, e.g. ``trackers``.

    :param company: the company
    """

    def __init__(self, company: Company) -> None:
        self._company = company
        self._users = list(company.users)
        self._began = company.clock.now()
        self._words: Mapping[str, Callable[[str], Any]] = {
            "id": self._id,
            "number": lambda key: int(self._id(key)),
            "user": lambda number: self._user(number).id,
            "user number": lambda number: int(self._user(number).id),
            "name": lambda number: self._user(number).name,
            "workspace": self._workspace,
            "ago": lambda days: wire_time(company, self._began - float(days) * _DAY),
        }
        self._things: dict[str, Any] = self._fill(_templates())

    def __getitem__(self, name: str) -> Any:
        return self._things[name]

    def _fill(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._fill(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._fill(item) for item in value]
        if isinstance(value, str) and value.startswith("$"):
            word, _, argument = value[1:].partition(":")
            return self._words[word](argument)
        return value

    def _id(self, key: str) -> str:
        kind, _, name = key.partition("/")
        return self._company.new_id(kind, name)

    def _user(self, number: str) -> User:
        return self._users[int(number) % len(self._users)]

    def _workspace(self, number: str) -> str:
        workspaces = self._company.workspaces
        return workspaces[int(number) % len(workspaces)].id
