"""The fields of a call that a manifest can fill: its columns, what Gong calls them, and what their cells hold."""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace


class Kind(enum.Enum):
    """What the cells of a column hold."""

    TEXT = enum.auto()
    TIME = enum.auto()
    # In Gong's own names.
    JSON = enum.auto()
    # Looked up elsewhere: the user and the recording that a cell names.
    HOST = enum.auto()
    MEDIA = enum.auto()


@dataclass(frozen=True, slots=True)
class Field:
    """
    A field of a call, or of one of its parties.

    :param column: name of the column that fills it
    :param path: Gong's name, with a dot before that of a nested field
    :param kind: what its cells hold
    :param is_required: whether each row has to fill it
    :param party: number of the party that it belongs to; None for a field of the call
    """

    column: str
    path: str
    kind: Kind = Kind.TEXT
    is_required: bool = False
    party: int | None = None


CALL_FIELDS = (
    Field("client_unique_id", "clientUniqueId", is_required=True),
    Field("actual_start", "actualStart", Kind.TIME, is_required=True),
    Field("direction", "direction", is_required=True),
    Field("primary_user", "primaryUser", Kind.HOST, is_required=True),
    Field("media", "downloadMediaUrl", Kind.MEDIA, is_required=True),
    Field("title", "title"),
    Field("purpose", "purpose"),
    Field("disposition", "disposition"),
    Field("duration", "duration"),
    Field("scheduled_start", "scheduledStart", Kind.TIME),
    Field("scheduled_end", "scheduledEnd", Kind.TIME),
    Field("custom_data", "customData"),
    Field("meeting_url", "meetingUrl"),
    Field("call_provider_code", "callProviderCode"),
    Field("workspace_id", "workspaceId"),
    Field("language_code", "languageCode"),
    Field("parties", "parties", Kind.JSON),
    Field("context", "context", Kind.JSON),
    Field("speakers_timeline", "speakersTimeline", Kind.JSON),
    Field("flow_task_id", "flowContext.taskId"),
)
# Of a party; the columns are called party_1_name and so on.
PARTY_FIELDS = (
    Field("name", "name"),
    Field("email", "emailAddress"),
    Field("phone", "phoneNumber"),
    Field("user_id", "userId"),
    Field("party_id", "partyId"),
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

# Gong's own names, as headers are compared.
_OFFICIAL = {field.path.lower(): field.column for field in CALL_FIELDS}
_CALL_HEADS = {field.path.partition(".")[0]: field for field in CALL_FIELDS}
_PARTY_HEADS = {field.path: field for field in PARTY_FIELDS}
# With byte order marks, which editors and concatenated files leave there.
_LEADING = re.compile(r"\A[\s\ufeff]+")
_STEP = re.compile(r"[.\[]|$")


def column_of(header: str) -> str:
    """Return the column of a header or of Gong's own name, whatever its capitals and the white space around it."""
    normal = _LEADING.sub("", header).rstrip().lower()
    return _OFFICIAL.get(normal, normal)


def column_at(path: str, party: int | None = None) -> str:
    """
    Return the column that fills a field of Gong, with the place in the cell where that is JSON.

    :param path: Gong's name of the field, and what is below it
    :param party: number of the party that the field belongs to; None for a field of the call
    """
    end = _STEP.search(path).start()  # type: ignore[union-attr]
    field = (_CALL_HEADS if party is None else _PARTY_HEADS).get(path[:end])
    column = path[:end] if field is None else field.column
    rest = "" if field is not None and field.kind is not Kind.JSON else path[end:]
    return (column if party is None else f"party_{party}_{column}") + rest


def similar_column(column: str) -> str | None:
    """Return the column that was probably meant."""
    known = [column for column, field in FIELDS.items() if field.party is None or field.party <= _SHOWN_PARTIES]
    return next(iter(difflib.get_close_matches(column, known, n=1, cutoff=0.8)), None)
