"""All tables of an export."""

from __future__ import annotations

from airflow_provider_gong.call_export.tables.calls import CALLS
from airflow_provider_gong.call_export.tables.participants import CALL_CONTEXT_OBJECTS, CALL_PARTIES, CALL_TRACKERS
from airflow_provider_gong.call_export.tables.transcripts import CALL_DOCUMENTS, TRANSCRIPT_SENTENCES

TABLES = {
    table.name: table
    for table in (CALLS, CALL_PARTIES, CALL_CONTEXT_OBJECTS, CALL_TRACKERS, TRANSCRIPT_SENTENCES, CALL_DOCUMENTS)
}
DEFAULT_TABLES = tuple(TABLES)

# Everything that a table uses; no media, whose URLs change on every read.
CONTENT_SELECTOR = {
    "context": "Extended",
    "exposedFields": {
        "parties": True,
        "content": {
            "structure": True,
            "topics": True,
            "trackers": True,
            "trackerOccurrences": True,
            "brief": True,
            "outline": True,
            "highlights": True,
            "callOutcome": True,
            "keyPoints": True,
        },
        "interaction": {"speakers": True, "video": True, "personInteractionStats": True, "questions": True},
        "collaboration": {"publicComments": True},
    },
}
