"""The operations of the Gong API, and which one a request is for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from airflow_provider_gong.emulator.contract.notation import Field, logical_lines, read_fields, read_type
from airflow_provider_gong.emulator.world.answers import GongApiError


@dataclass(frozen=True)
class Operation:
    """
    One operation: Gong's name for it, method, path and shapes.

    :param reply: the schema of its answer
    :param source: where the answers come from: ``kept`` and changed by requests, ``computed`` from the calls and users
        that are held, or ``seeded`` once
    :param scopes: each is needed
    :param query: the parameters of the query
    :param body: what the JSON body has to look like; ``None`` without one
    :param part: the part of a multipart body that carries a file
    :param text_ids: whether the ids of the path are no numbers
    :param request_id: whether each answer has a ``requestId``
    """

    name: str
    method: str
    path: str
    tag: str
    reply: str
    status: int
    source: str
    scopes: tuple[str, ...]
    query: Mapping[str, Field]
    body: Field | None
    part: str | None
    text_ids: bool
    request_id: bool

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What paths of the operation look like, with the names of the ids in them."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))

    def ids_of(self, path: str) -> dict[str, str]:
        """Return the ids that a path of this operation names."""
        match = self.pattern.fullmatch(path)
        return match.groupdict() if match else {}


def _read_operations() -> Iterator[Operation]:
    """
    Return the operations that the file beside this module describes.

    A line is ``name: METHOD path -> schema of the answer; part; part``, under the chapter's ``[name]``. Parts are
    ``scope``, ``query`` (parameters in the notation of schemas), ``body`` (a type), ``part`` (of a multipart body, with
    a file), ``status`` (200 otherwise), ``answers`` (kept otherwise), ``ids text`` (numbers otherwise) and
    ``requestId optional`` (always there otherwise).
    """
    chapter = ""
    for line in logical_lines(Path(__file__).with_name("operations.txt").read_text(encoding="utf-8")):
        if line.startswith("["):
            chapter = line.strip("[]")
        else:
            yield _read_operation(line, chapter)


def _read_operation(line: str, chapter: str) -> Operation:
    head, *parts = line.split("; ")
    name, method, path, _, reply = head.replace(": ", " ", 1).split(" ")
    given = {key: value for key, _, value in (part.partition(" ") for part in parts)}
    return Operation(
        name=name,
        method=method,
        path=path,
        tag=chapter,
        reply=reply,
        status=int(given.get("status", "200")),
        source=given.get("answers", "kept"),
        scopes=tuple(given.get("scope", "").split()),
        query=read_fields(given.get("query", "")),
        body=read_type(given["body"]) if "body" in given else None,
        part=given.get("part"),
        text_ids=given.get("ids") == "text",
        request_id="requestId" not in given,
    )


_ALL = tuple(_read_operations())

OPERATIONS = tuple(known for known in _ALL if known.tag != "OAuth")
OPERATION_NAMES = frozenset(known.name for known in _ALL)
(TOKEN_PATH,) = (known.path for known in _ALL if known.tag == "OAuth")

# What Gong answers with 405 although nothing is served there (observed on live tenants).
_NO_METHOD = frozenset({"/v2/calls/manage"})
_WITH_IDS = [known for known in _ALL if "{" in known.path]
_AT_PATH: dict[str, list[Operation]] = {}
for _known in _ALL:
    _AT_PATH.setdefault(_known.path, []).append(_known)


def find_operation(method: str, path: str) -> Operation | GongApiError:
    """Return the operation that serves a request; otherwise what it is answered: 404 or 405."""
    served = _AT_PATH.get(path) or [known for known in _WITH_IDS if known.pattern.fullmatch(path)]
    for known in served:
        if known.method == method:
            return known
    return GongApiError(405, "Method Not Allowed") if served or path in _NO_METHOD else GongApiError(404, "Not Found")
