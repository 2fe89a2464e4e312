"""A request for an operation, and a handler's answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from starlette.requests import Request

from airflow_provider_gong.emulator.access.keys import Caller
from airflow_provider_gong.emulator.api.paging import cut
from airflow_provider_gong.emulator.company.calls import Shelf
from airflow_provider_gong.emulator.company.records import Call
from airflow_provider_gong.emulator.contract.operations import Operation
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.answers import BAD_REQUEST, GongApiError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Reply:
    """
    An answer.

    :param body: ``None`` for an empty answer
    :param request_id: whether the body begins with the request id
    """

    body: Mapping[str, Any] | None
    request_id: bool = True


@dataclass(frozen=True, kw_only=True)
class Ask:
    """
    A checked request for an operation.

    :param now: the time for which it is answered; earlier than the clock if a fault makes a read stale
    :param effects: what the request has changed so far
    """

    emulator: Emulator
    operation: Operation
    request: Request
    caller: Caller
    ids: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    now: float
    effects: list[dict[str, Any]]

    def sees(self, call: Call) -> bool:
        """Return whether the caller may see a call."""
        return self.caller.sees_calls and call.workspace_id not in self.caller.hidden_workspaces

    def readable(
        self,
        shelf: Shelf,
        *,
        start: float | None = None,
        end: float | None = None,
        call_ids: Iterable[str] | None = None,
    ) -> Sequence[Call]:
        """
        Return the calls that the caller can read, oldest first; do not change the list.

        :param start: the start of a window; ``end`` its end, which it excludes
        :param call_ids: the calls to return instead of those of a window
        """
        if not self.caller.sees_calls:
            return ()
        calls = self.emulator.calls.readable(shelf, self.now, start=start, end=end, call_ids=call_ids)
        return [call for call in calls if self.sees(call)] if self.caller.hidden_workspaces else calls

    def workspace_id(self, wanted: str, error: str = BAD_REQUEST) -> str:
        """
        Return the id of a workspace of the company.

        :raises GongApiError: 400 when the company has no such workspace
        """
        found = next((workspace for workspace in self.emulator.workspaces if workspace.id == wanted), None)
        return required(found, 400, error).id

    def did(self, action: str, kind: str, subject: object, **facts: Any) -> None:
        """
        Note what the request changed, for the request log.

        :param action: e.g. ``created``
        :param kind: what was changed, e.g. ``call``
        :param subject: its id
        :param facts: what else names it, e.g. ``clientUniqueId``
        """
        self.effects.append({"action": action, "kind": kind, "id": str(subject), **facts})

    @cached_property
    def base_url(self) -> str:
        """The address at which the client reached the emulator, with a trailing slash."""
        return str(self.request.base_url)

    def page(
        self, items: Sequence[Item], *, ahead: int = 0, none: str | None = None
    ) -> tuple[list[Item], dict[str, Any]]:
        """
        Return the items of the requested page, and the answer's ``records``.

        :param ahead: by how much ``totalRecords`` exceeds what can be read
        :param none: the error when there are none; by default, that is none
        :raises GongApiError: 400 for a cursor that has expired or belongs to another request, 404 for no items
        """
        given = self.body if self.body is not None else self.query
        expected = self.operation.body.fields if self.operation.body else self.operation.query
        filters = {name: given[name] for name in expected or () if name in given and name != "cursor"}
        question = json.dumps([self.operation.name, filters], sort_keys=True, default=str)
        digest = hashlib.sha256(question.encode()).hexdigest()
        found, records = cut(self.emulator, items, given.get("cursor"), digest, self.caller.name, ahead)
        if not found and none:
            raise GongApiError(404, none)
        return found, records


def required(thing: Item | None, status: int, text: str) -> Item:
    """
    Return a thing that was looked up.

    :raises GongApiError: when it was not found
    """
    if thing is None:
        raise GongApiError(status, text)
    return thing


Handler = Callable[[Ask], Awaitable[Reply]]
