"""One operation of the Gong API, and one request for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from starlette.requests import Request

from airflow_provider_gong.emulator.contract.notation import Field, logical_lines, read_fields, read_type
from airflow_provider_gong.emulator.paging import cut, requested_page

if TYPE_CHECKING:
    from airflow_provider_gong.emulator.callers import Caller
    from airflow_provider_gong.emulator.state import Emulator

Item = TypeVar("Item")

# Where the answers come from: kept and changed by requests; computed from the calls and users that are held; or
# invented once from the seed.
Source = Literal["kept", "computed", "seeded"]


@dataclass(frozen=True)
class Reply:
    """An answer; the request id is added when it is sent."""

    body: Mapping[str, Any]
    status: int | None = None


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request for an operation, as checked.

    :param now: the time it is answered for; earlier than the clock where a fault makes a read stale.
    """

    emulator: Emulator
    operation: Operation
    request: Request
    caller: Caller
    ids: Mapping[str, str]
    query: Mapping[str, Any]
    body: Any
    now: float

    @cached_property
    def base_url(self) -> str:
        """The address that the client reached the emulator at, with a slash at the end."""
        return str(self.request.base_url)

    def page(self, items: Sequence[Item], *, ahead: int = 0) -> tuple[list[Item], dict[str, Any]]:
        """Return the items of the page that is asked for, and the answer's ``records``.

        :param ahead: by how much ``totalRecords`` runs ahead of what can be read.
        :raises GongApiError: 400 for a cursor that has expired or belongs to another request.
        """
        given = self.body if self.body is not None else self.query
        expected = self.operation.body.fields if self.operation.body else self.operation.query
        filters = {name: given[name] for name in expected or () if name in given and name != "cursor"}
        question = json.dumps([self.operation.name, filters], sort_keys=True, default=str)
        digest = hashlib.sha256(question.encode()).hexdigest()
        page = requested_page(self.emulator, given.get("cursor"), digest, self.caller.name)
        return cut(self.emulator, items, page, ahead)


Handler = Callable[[Ask], Awaitable[Reply]]


@dataclass(frozen=True)
class Operation:
    """One operation: Gong's name for it, method, path, shapes, and what carries it out.

    :param reply: the schema of its answer.
    :param scopes: each is needed.
    :param query: the parameters of the query.
    :param body: what the JSON body has to look like; ``None`` without one.
    :param part: the part of a multipart body that carries a file.
    :param text_ids: whether the ids of the path are no numbers.
    """

    name: str
    method: str
    path: str
    handler: Handler
    tag: str
    reply: str
    status: int
    source: Source
    scopes: tuple[str, ...]
    query: Mapping[str, Field]
    body: Field | None
    part: str | None
    text_ids: bool
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))
        object.__setattr__(self, "pattern", pattern)

    def ids_of(self, path: str) -> dict[str, str]:
        """Return the ids that a path of this operation names."""
        match = self.pattern.fullmatch(path)
        return match.groupdict() if match else {}


def read_operations(handlers: Mapping[str, Handler]) -> tuple[Operation, ...]:
    """Return the operations that the file beside this module describes.

    A line is ``name: METHOD path -> schema of the answer; part; part``, under the chapter's ``[name]``. Parts are
    ``scope``, ``query`` (parameters in the notation of schemas), ``body`` (a type), ``part`` (of a multipart body, with
    a file), ``status`` (200 otherwise), ``answers`` (kept otherwise) and ``ids text`` (numbers otherwise).

    :param handlers: what carries the operations out, by name.
    :raises KeyError: when one has no handler.
    """
    operations, chapter = [], ""
    for line in logical_lines(Path(__file__).with_name("operations.txt").read_text(encoding="utf-8")):
        if line.startswith("["):
            chapter = line.strip("[]")
        else:
            name = line.partition(":")[0]
            operations.append(_read_operation(line, chapter, handlers[name]))
    return tuple(operations)


def _read_operation(line: str, chapter: str, handler: Handler) -> Operation:
    head, *parts = line.split("; ")
    name, method, path, _, reply = head.replace(": ", " ", 1).split(" ")
    given = {key: value for key, _, value in (part.partition(" ") for part in parts)}
    source: Any = given.get("answers", "kept")
    return Operation(
        name=name,
        method=method,
        path=path,
        handler=handler,
        tag=chapter,
        reply=reply,
        status=int(given.get("status", "200")),
        source=source,
        scopes=tuple(given.get("scope", "").split()),
        query=read_fields(given.get("query", "")),
        body=read_type(given["body"]) if "body" in given else None,
        part=given.get("part"),
        text_ids=given.get("ids") == "text",
    )
