"""The fields of a call that a manifest can fill: the names of its columns."""

from __future__ import annotations

import difflib
import functools
import re

REQUIRED_COLUMNS = ("client_unique_id", "actual_start", "direction", "primary_user", "media")
TIME_COLUMNS = ("actual_start", "scheduled_start", "scheduled_end")
# These hold JSON, as Gong names it.
JSON_COLUMNS = ("parties", "context", "speakers_timeline")
FLOW_TASK_COLUMN = "flow_task_id"
# Optional columns, named like the fields of the call that they fill.
OPTIONAL_COLUMNS = (
    "title",
    "purpose",
    "disposition",
    "duration",
    "scheduled_start",
    "scheduled_end",
    "custom_data",
    "meeting_url",
    "call_provider_code",
    "workspace_id",
    "language_code",
    *JSON_COLUMNS,
    FLOW_TASK_COLUMN,
)
PARTY_CONTEXT = "context"
# Fields of a party: the ends of the columns' names, and what Gong calls them.
PARTY_FIELDS = {
    "name": "name",
    "email": "emailAddress",
    "phone": "phoneNumber",
    "user_id": "userId",
    "party_id": "partyId",
    "media_channel_id": "mediaChannelId",
    PARTY_CONTEXT: "context",
}
_PARTY_COLUMN = re.compile(rf"party_([1-9]\d?)_({'|'.join(PARTY_FIELDS)})")
_SHOWN_PARTIES = 9


@functools.lru_cache
def is_field(column: str) -> bool:
    """Tell whether a column fills a field of the call."""
    return column in REQUIRED_COLUMNS or column in OPTIONAL_COLUMNS or party_field(column) is not None


@functools.lru_cache
def party_field(column: str) -> tuple[int, str] | None:
    """Return the number of the party and the end of the column's name, for columns that fill a field of a party."""
    match = _PARTY_COLUMN.fullmatch(column)
    return match and (int(match[1]), match[2])


@functools.lru_cache
def is_json(column: str) -> bool:
    """Tell whether the cells of a column hold JSON."""
    if column in JSON_COLUMNS:
        return True
    field = party_field(column)
    return field is not None and field[1] == PARTY_CONTEXT


def similar_field(column: str) -> str | None:
    """Return the field that was probably meant."""
    examples = [f"party_{number}_{field}" for number in range(1, _SHOWN_PARTIES + 1) for field in PARTY_FIELDS]
    known = [*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS, *examples]
    return next(iter(difflib.get_close_matches(column, known, n=1, cutoff=0.8)), None)
