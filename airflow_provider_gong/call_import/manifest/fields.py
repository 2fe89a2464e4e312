"""Fields of a call that a manifest can fill: their columns, Gong's names, and kinds of cells."""

from __future__ import annotations

import difflib
import enum
import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from airflow_provider_gong.call_import.manifest.texts import trimmed


class Kind(enum.Enum):
    """The kind of a column's cells."""

    TEXT = enum.auto()
    # The id of the call, already checked by the manifest.
    ID = enum.auto()
    # An id of something else, such as a user or a task.
    OTHER_ID = enum.auto()
    START = enum.auto()
    TIME = enum.auto()
    DURATION = enum.auto()
    DIRECTION = enum.auto()
    PHONE = enum.auto()
    # JSON with Gong's field names.
    JSON = enum.auto()
    # A user or a recording, resolved elsewhere.
    HOST = enum.auto()
    MEDIA = enum.auto()


@dataclass(frozen=True, slots=True)
class Field:
    """
    A field of a call, or of one of its parties.

    :param column: name of the column that fills it
    :param path: Gong's name, with dots for nested fields
    :param kind: kind of its cells
    :param is_required: whether each row must fill it
    :param is_optional: whether an unreadable cell may be left out
    :param names: whether it identifies a party
    :param party: number of the party that it belongs to; None for a field of the call
    """

    column: str
    path: str
    kind: Kind = Kind.TEXT
    is_required: bool = False
    is_optional: bool = True
    names: bool = False
    party: int | None = None


def _required(column: str, path: str, kind: Kind) -> Field:
    return Field(column, path, kind, is_required=True, is_optional=False)


CALL_FIELDS = (
    _required("client_unique_id", "clientUniqueId", Kind.ID),
    _required("actual_start", "actualStart", Kind.START),
    _required("direction", "direction", Kind.DIRECTION),
    _required("primary_user", "primaryUser", Kind.HOST),
    _required("media", "downloadMediaUrl", Kind.MEDIA),
    Field("title", "title"),
    Field("purpose", "purpose"),
    Field("disposition", "disposition"),
    Field("duration", "duration", Kind.DURATION),
    Field("scheduled_start", "scheduledStart", Kind.TIME),
    Field("scheduled_end", "scheduledEnd", Kind.TIME),
    Field("custom_data", "customData"),
    Field("meeting_url", "meetingUrl"),
    Field("call_provider_code", "callProviderCode"),
    # If it were left out, the call would be in a workspace that other people can see.
    Field("workspace_id", "workspaceId", Kind.OTHER_ID, is_optional=False),
    Field("language_code", "languageCode"),
    Field("parties", "parties", Kind.JSON, is_optional=False),
    Field("context", "context", Kind.JSON),
    Field("speakers_timeline", "speakersTimeline", Kind.JSON),
    Field("flow_task_id", "flowContext.taskId", Kind.OTHER_ID),
)
# Of a party; the columns are party_1_name and so on.
PARTY_FIELDS = (
    Field("name", "name", names=True),
    Field("email", "emailAddress", names=True),
    Field("phone", "phoneNumber", Kind.PHONE, names=True),
    Field("user_id", "userId", Kind.OTHER_ID, names=True),
    Field("party_id", "partyId", Kind.OTHER_ID),
    Field("media_channel_id", "mediaChannelId"),
    Field("context", "context", Kind.JSON),
)
REQUIRED_COLUMNS = tuple(field.column for field in CALL_FIELDS if field.is_required)
_MOST_PARTIES = 99
_SHOWN_PARTIES = 9


def _of_party(number: int) -> Iterable[Field]:
    return (replace(field, column=f"party_{number}_{field.column}", party=number) for field in PARTY_FIELDS)


_ALL = (*CALL_FIELDS, *(field for number in range(1, _MOST_PARTIES + 1) for field in _of_party(number)))
FIELDS: Mapping[str, Field] = {field.column: field for field in _ALL}
"""All fields, by their columns."""

# Gong's names, in the form in which headers are compared.
_OFFICIAL = {field.path.lower(): field.column for field in CALL_FIELDS}
NESTED = tuple((field.path, *field.path.split(".")) for field in CALL_FIELDS if "." in field.path)
"""Paths of nested fields, with the names of the object and the field."""

_CALL_HEADS = {field.path.partition(".")[0]: field for field in CALL_FIELDS}
_PARTY_HEADS = {field.path: field for field in PARTY_FIELDS}
_STEP = re.compile(r"[.\[]|$")


@functools.lru_cache(4096)
def column_of(header: str) -> str:
    """Return the column for a header or for Gong's name, ignoring case, white space and forms of accents."""
    normal = " ".join(trimmed(unicodedata.normalize("NFC", header)).split()).lower()
    return _OFFICIAL.get(normal, normal)


def field_at(path: str, *, of_party: bool) -> Field | None:
    """
    Return the field at or above a path of Gong's; None if no column fills it.

    :param path: Gong's name of the field, and the path inside it
    :param of_party: whether it is a field of a party
    """
    return (_PARTY_HEADS if of_party else _CALL_HEADS).get(_split(path)[0])


def column_at(path: str, party: int | None = None) -> str:
    """
    Return the column that fills a field of Gong, with the position in the cell if it is JSON.

    :param path: Gong's name of the field, and the path inside it
    :param party: number of the party that the field belongs to; None for a field of the call
    """
    head, rest = _split(path)
    field = field_at(path, of_party=party is not None)
    column = head if field is None else field.column
    rest = "" if field is not None and field.kind is not Kind.JSON else rest
    return (column if party is None else f"party_{party}_{column}") + rest


def _split(path: str) -> tuple[str, str]:
    end = _STEP.search(path).start()  # type: ignore[union-attr]
    return path[:end], path[end:]


def similar_column(column: str) -> str | None:
    """Return the column that was probably meant."""
    known = [column for column, field in FIELDS.items() if field.party is None or field.party <= _SHOWN_PARTIES]
    return next(iter(difflib.get_close_matches(column, known, n=1, cutoff=0.8)), None)
