"""The request bodies of the operations on calls."""

from __future__ import annotations

from airflow_provider_gong.emulator.validation import Field

_SYSTEM = Field(required=True, choices=("Salesforce", "HubSpot", "MicrosoftDynamic", "Generic"))
_OBJECT_TYPE = Field(required=True, choices=("Lead", "Contact", "Account", "Opportunity", "User"))
_CONTEXT_FIELD = Field(kind="object", fields={"name": Field(), "value": Field(kind="any")})
_CRM_OBJECT = Field(
    kind="object",
    fields={
        "objectType": _OBJECT_TYPE,
        "objectId": Field(required=True),
        "fields": Field(kind="array", items=_CONTEXT_FIELD),
    },
)
_CONTEXT = Field(
    kind="array",
    items=Field(kind="object", fields={"system": _SYSTEM, "objects": Field(kind="array", items=_CRM_OBJECT)}),
)
_PARTY = Field(
    kind="object",
    needed=True,
    fields={
        "phoneNumber": Field(),
        "emailAddress": Field(),
        "name": Field(),
        "partyId": Field(),
        "mediaChannelId": Field(kind="integer", minimum=0, maximum=1),
        "context": _CONTEXT,
        "userId": Field(),
    },
)
_SEGMENT = Field(
    kind="object",
    needed=True,
    fields={
        "fromTime": Field(kind="integer", required=True, minimum=0),
        "toTime": Field(kind="integer", required=True, minimum=0),
        "partyIds": Field(kind="array", required=True, items=Field()),
    },
)
_TIMELINE = Field(
    kind="object",
    fields={"precise": Field(kind="boolean"), "speechSegments": Field(kind="array", items=_SEGMENT)},
)

CALL = {
    "clientUniqueId": Field(required=True, longest=2048),
    "title": Field(),
    "purpose": Field(longest=255),
    "scheduledStart": Field(kind="datetime"),
    "scheduledEnd": Field(kind="datetime"),
    "actualStart": Field(kind="datetime", required=True),
    "duration": Field(kind="number"),
    "parties": Field(kind="array", required=True, minimum=1, items=_PARTY),
    "direction": Field(required=True, choices=("Inbound", "Outbound", "Conference", "Unknown")),
    "disposition": Field(longest=255),
    "context": _CONTEXT,
    "customData": Field(),
    "speakersTimeline": _TIMELINE,
    "meetingUrl": Field(),
    "callProviderCode": Field(),
    "downloadMediaUrl": Field(),
    "workspaceId": Field(),
    "languageCode": Field(),
    "flowContext": Field(kind="object", fields={"taskId": Field()}),
    "primaryUser": Field(required=True),
}

_FILTER = {
    "fromDateTime": Field(kind="datetime"),
    "toDateTime": Field(kind="datetime"),
    "workspaceId": Field(),
    "callIds": Field(kind="array", minimum=1, items=Field(needed=True)),
}
_FLAG = Field(kind="boolean")


def _flags(*names: str) -> Field:
    return Field(kind="object", fields=dict.fromkeys(names, _FLAG))


_CONTENT = _flags(
    "structure",
    "topics",
    "trackers",
    "trackerOccurrences",
    "pointsOfInterest",
    "brief",
    "outline",
    "highlights",
    "callOutcome",
    "keyPoints",
)
_EXPOSED = Field(
    kind="object",
    fields={
        "parties": _FLAG,
        "content": _CONTENT,
        "interaction": _flags("speakers", "video", "personInteractionStats", "questions"),
        "collaboration": _flags("publicComments"),
        "media": _FLAG,
    },
)
_SELECTOR = Field(
    kind="object",
    fields={
        "context": Field(choices=("None", "Basic", "Extended")),
        "contextTiming": Field(kind="array", items=Field(needed=True, choices=("Now", "TimeOfCall"))),
        "exposedFields": _EXPOSED,
    },
)

EXTENSIVE = {
    "cursor": Field(),
    "filter": Field(
        kind="object",
        needed=True,
        fields={**_FILTER, "primaryUserIds": Field(kind="array", items=Field(needed=True))},
    ),
    "contentSelector": _SELECTOR,
}
TRANSCRIPTS = {"cursor": Field(), "filter": Field(kind="object", needed=True, fields=_FILTER)}
