"""Catalogue of the operations of Gong's public API: one declarative entry each."""

import difflib
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


class Paging(enum.Enum):
    """Where the cursor of the next page travels."""

    NONE = "none"
    QUERY = "query"
    BODY = "body"


class Body(enum.Enum):
    """What an operation carries as request body."""

    NONE = "none"
    JSON = "json"
    MULTIPART = "multipart"


@dataclass(frozen=True, slots=True)
class Operation:
    """
    One operation of Gong's API.

    :param name: Gong's operationId, e.g. ``listCalls``
    :param method: HTTP method in capitals
    :param path: Path below the company's API base URL, e.g. ``/v2/calls/{id}``
    :param scopes: OAuth scopes that the operation asks for
    :param summary: What it does, in a few words
    :param paging: Where the cursor of the next page travels
    :param items: Response key of the listed rows, e.g. ``calls``; ``None`` where the answer is no list
    :param repeatable: Whether it may be sent again when its answer was lost
    :param writes: Whether it changes something in Gong
    :param known_by: Response keys that tell its answer from somebody else's, if it bears no mark of Gong
    :param body: What the request carries as body
    """

    name: str
    method: str
    path: str
    scopes: tuple[str, ...]
    summary: str
    paging: Paging = Paging.NONE
    items: str | None = None
    repeatable: bool = field(kw_only=True)
    writes: bool = field(kw_only=True)
    known_by: tuple[str, ...] = ()
    body: Body = Body.NONE

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names of the placeholders in the path, in order."""
        return tuple(re.findall(r"{(\w+)}", self.path))


def _op(
    name: str,
    route: str,
    scopes: str,
    summary: str,
    *,
    items: str | None = None,
    paged: bool = False,
    repeatable: bool | None = None,
    writes: bool | None = None,
    known_by: str = "",
    body: Body | None = None,
) -> Operation:
    """Fill in what follows from the method: GET reads; GET, PUT and DELETE repeat; POST, PUT and PATCH carry JSON."""
    method, path = route.split()
    cursor = Paging.QUERY if method == "GET" else Paging.BODY
    carries_json = method in ("POST", "PUT", "PATCH")
    return Operation(
        name=name,
        method=method,
        path=path,
        scopes=tuple(scopes.split()),
        summary=summary,
        paging=cursor if paged else Paging.NONE,
        items=items,
        repeatable=method in ("GET", "PUT", "DELETE") if repeatable is None else repeatable,
        writes=method != "GET" if writes is None else writes,
        known_by=(*known_by.split(), items) if items else tuple(known_by.split()),
        body=body or (Body.JSON if carries_json else Body.NONE),
    )


def _read(name: str, path: str, scopes: str, summary: str, *, items: str, paged: bool = False) -> Operation:
    """Describe a read that Gong offers as POST because its filter travels in the body."""
    return _op(name, f"POST {path}", scopes, summary, items=items, paged=paged, repeatable=True, writes=False)


# A table: two lines an entry read better than the seven that the formatter would make of it.
# fmt: off
_TABLE: Final = (
    # Calls
    _op("listCalls", "GET /v2/calls", "api:calls:read:basic",
        "List calls of a time window", items="calls", paged=True),
    # A repeat is answered with the id of the call that already carries this clientUniqueId.
    _op("addCall", "POST /v2/calls", "api:calls:create",
        "Create a call", repeatable=True, known_by="callId"),
    # The second scope is needed for media URLs only.
    _read("listCallsExtensive", "/v2/calls/extensive", "api:calls:read:extensive api:calls:read:media-url",
          "List calls in detail", items="calls", paged=True),
    _read("getCallTranscripts", "/v2/calls/transcript", "api:calls:read:transcript",
          "List transcripts", items="callTranscripts", paged=True),
    _op("getCall", "GET /v2/calls/{id}", "api:calls:read:basic",
        "Read a call"),
    # A repeat is answered with "has already been handled", which means done.
    _op("addCallRecording", "PUT /v2/calls/{id}/media", "api:calls:create",
        "Attach the recording of a call", body=Body.MULTIPART, known_by="callId"),

    # Meetings: nothing deduplicates them and nothing looks one up, so a repeat may create a second one.
    _op("addMeeting", "POST /v2/meetings", "api:meetings:user:create",
        "Create a meeting", known_by="meetingId meeting"),
    _op("updateMeeting", "PUT /v2/meetings/{meetingId}", "api:meetings:user:update",
        "Replace the details of a meeting", known_by="meetingId meeting"),
    _op("deleteMeeting", "DELETE /v2/meetings/{meetingId}", "api:meetings:user:delete",
        "Delete a meeting", body=Body.JSON, known_by="organizerEmail"),
    _read("integrationStatus", "/v2/meetings/integration/status", "api:meetings:integration:status",
          "Check whether users can create meetings", items="users"),

    # Users
    _op("listUsers", "GET /v2/users", "api:users:read",
        "List users", items="users", paged=True),
    _read("listMultipleUsers", "/v2/users/extensive", "api:users:read",
          "List users by id or time of creation", items="users", paged=True),
    _op("getUser", "GET /v2/users/{id}", "api:users:read",
        "Read a user"),
    _op("getUserHistory", "GET /v2/users/{id}/settings-history", "api:users:read",
        "List changes of a user's settings", items="userSettingsHistory"),

    # Stats
    _read("listMultipleUsersAggregateActivity", "/v2/stats/activity/aggregate", "api:stats:user-actions",
          "Sum up activity per user", items="usersAggregateActivityStats", paged=True),
    _read("listMultipleUsersAggregateByPeriod", "/v2/stats/activity/aggregate-by-period",
          "api:stats:user-actions",
          "Sum up activity per user and period", items="usersAggregateActivity", paged=True),
    _read("listMultipleUsersDayByDayActivity", "/v2/stats/activity/day-by-day",
          "api:stats:user-actions:detailed",
          "List the calls behind each user's daily activity", items="usersDetailedActivities", paged=True),
    _read("listAnsweredScorecards", "/v2/stats/activity/scorecards", "api:stats:scorecards",
          "List answered scorecards", items="answeredScorecards", paged=True),
    _read("listInteractionStats", "/v2/stats/interaction", "api:stats:interaction",
          "List interaction metrics per user", items="peopleInteractionStats", paged=True),

    # Settings
    _op("listBriefs", "GET /v2/settings/briefs", "api:ai-briefer:read",
        "List definitions of briefs", items="briefs"),
    _op("listScorecards", "GET /v2/settings/scorecards", "api:settings:scorecards:read",
        "List definitions of scorecards", items="scorecards"),
    _op("listTrackers", "GET /v2/settings/trackers", "api:settings:trackers:read",
        "List keyword trackers", items="keywordTrackers"),
    _op("listWorkspaces", "GET /v2/workspaces", "api:workspaces:read",
        "List workspaces", items="workspaces"),

    # Library, outcomes, coaching, audit log
    _op("getCallsInSpecificFolder", "GET /v2/library/folder-content", "api:library:read",
        "List the calls of a library folder", items="calls"),
    _op("getLibraryStructure", "GET /v2/library/folders", "api:library:read",
        "List library folders", items="folders"),
    _op("listCallOutcomes", "GET /v2/call-outcomes", "api:call-outcomes:read",
        "List call outcomes", items="outcomes"),
    _op("listUsers_1", "GET /v2/coaching", "api:coaching:read",
        "List coaching metrics of a manager's reports", items="coachingData"),
    _op("listLogs", "GET /v2/logs", "api:logs:read",
        "List audit log entries", items="logEntries", paged=True),

    # Data privacy
    _op("findAllReferencesToEmailAddress", "GET /v2/data-privacy/data-for-email-address",
        "api:data-privacy:read", "Find data about an e-mail address"),
    _op("findAllReferencesToPhoneNumber", "GET /v2/data-privacy/data-for-phone-number",
        "api:data-privacy:read", "Find data about a phone number"),
    _op("purgeEmailAddress", "POST /v2/data-privacy/erase-data-for-email-address",
        "api:data-privacy:delete", "Erase data about an e-mail address", body=Body.NONE),
    _op("purgePhoneNumber", "POST /v2/data-privacy/erase-data-for-phone-number",
        "api:data-privacy:delete", "Erase data about a phone number", body=Body.NONE),

    # CRM
    # The ids travel in a JSON array although the method is GET (Gong API reference).
    _op("getCrmObjects", "GET /v2/crm/entities", "api:crm:get-objects",
        "Read uploaded CRM objects", body=Body.JSON),
    _op("uploadCrmData", "POST /v2/crm/entities", "api:crm:upload",
        "Upload CRM objects", body=Body.MULTIPART),
    _op("listCrmSchemaFields", "GET /v2/crm/entity-schema", "api:crm:schema",
        "List fields of the uploaded CRM schema"),
    _op("uploadCrmSchemaField", "POST /v2/crm/entity-schema", "api:crm:schema",
        "Upload fields of the CRM schema"),
    _op("listGenericCrmIntegration", "GET /v2/crm/integrations", "api:crm:integrations:read",
        "List generic CRM integrations", items="integrations"),
    _op("registerGenericCrmIntegration", "PUT /v2/crm/integrations", "api:crm:integration:register",
        "Register a generic CRM integration"),
    _op("deleteGenericCrmIntegration", "DELETE /v2/crm/integrations", "api:crm:integration:delete",
        "Delete a generic CRM integration"),
    _op("getRequestStatus", "GET /v2/crm/request-status", "api:crm:upload",
        "Read the progress of a CRM request"),

    # Permissions: the API reference prints no scope for profiles; these are the ones OAuth apps ask for.
    _op("listPermissionProfile", "GET /v2/all-permission-profiles", "api:permission-profile:read",
        "List permission profiles", items="profiles"),
    _op("getPermissionProfile", "GET /v2/permission-profile", "api:permission-profile:read",
        "Read a permission profile"),
    _op("createPermissionProfile", "POST /v2/permission-profile", "api:permission-profile:write",
        "Create a permission profile"),
    _op("updatePermissionProfile", "PUT /v2/permission-profile", "api:permission-profile:write",
        "Replace a permission profile"),
    _op("listPermissionProfileUsers", "GET /v2/permission-profile/users", "api:users:read",
        "List the users of a permission profile", items="users"),
    _read("getUsersAccessToCalls", "/v2/calls/users-access", "api:call-user-access:read",
          "List who was given access to calls", items="callAccessList"),
    _op("addUsersAccessToCalls", "PUT /v2/calls/users-access", "api:call-user-access:write",
        "Give users access to calls"),
    _op("deleteUsersAccessToCalls", "DELETE /v2/calls/users-access", "api:call-user-access:write",
        "Take access to calls from users", body=Body.JSON),

    # Engage flows
    _op("listFlows", "GET /v2/flows", "api:flows:read",
        "List flows", items="flows", paged=True),
    # The API reference says "flows"; live tenants answer with this key.
    _op("listFlowsFolders", "GET /v2/flows/folders", "api:flows:read",
        "List folders of flows", items="flowsFolders", paged=True),
    _read("getFlowSteps", "/v2/flows/steps", "api:flows:read",
          "List steps of flows", items="flows"),
    _read("getProspectsAssignedFlows", "/v2/flows/prospects", "api:flows:read",
          "List flows that prospects are assigned to", items="prospectsAssigned"),
    _op("assignProspects", "POST /v2/flows/prospects/assign", "api:flows:write",
        "Assign prospects to a flow"),
    _op("assignProspectsCoolOffOverrides", "POST /v2/flows/prospects/assign/cool-off-override",
        "api:flows:write", "Assign prospects in spite of a cool-off (deprecated)"),
    _op("submitFlowProspectsBulkAssignment", "POST /v2/flows/prospects/bulk-assignments", "api:flows:write",
        "Queue an assignment of prospects"),
    _op("getFlowProspectsBulkAssignment", "GET /v2/flows/prospects/bulk-assignments/{id}", "api:flows:read",
        "Read the result of a queued assignment", items="results"),
    _op("unassignProspectFlows", "POST /v2/flows/prospects/unassign-flows-by-crm-id", "api:flows:write",
        "Take a prospect out of flows"),
    _op("unassignFlows", "POST /v2/flows/prospects/unassign-flows-by-instance-id", "api:flows:write",
        "End flow instances"),

    # Tasks
    _read("listTasks", "/v2/tasks", "api:tasks:read",
          "List tasks of a user", items="tasks"),
    # It sets fields to given values, so a second request changes nothing.
    _op("updateReminder", "PATCH /v2/tasks/{taskId}", "api:tasks:write",
        "Update a task", repeatable=True),

    # Entities: each request spends paid credits, so a lost answer is not worth a second one unasked.
    _op("askEntity", "GET /v2/entities/ask-entity", "api:ai-ask:read",
        "Ask a question about a CRM entity", repeatable=False),
    _op("generateBrief", "GET /v2/entities/get-brief", "api:ai-briefer:read",
        "Generate a brief about a CRM entity", repeatable=False),

    # Digital interactions and the older engagement events: a repeated event is refused or counts twice.
    _op("addDigitalInteraction", "POST /v2/digital-interaction", "api:digital-interactions:write",
        "Report a digital interaction"),
    _op("customAction", "PUT /v2/customer-engagement/action", "api:engagement-data:write",
        "Report a custom action", repeatable=False),
    _op("contentShared", "PUT /v2/customer-engagement/content/shared", "api:engagement-data:write",
        "Report shared content", repeatable=False),
    _op("contentViewed", "PUT /v2/customer-engagement/content/viewed", "api:engagement-data:write",
        "Report viewed content", repeatable=False),

    # Integration settings
    _op("integrationSettings", "POST /v2/integration-settings", "api:integration-settings:write",
        "Set allowed origins of integrations"),
)
# fmt: on

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({entry.name: entry for entry in _TABLE})


def operation(name: str) -> Operation:
    """
    Return the operation with this operationId.

    :raises ValueError: if Gong has no such operation; the text names close matches
    """
    try:
        return OPERATIONS[name]
    except KeyError:
        close = difflib.get_close_matches(name, OPERATIONS, n=3)
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        raise ValueError(f"Gong's API has no operation {name!r}.{hint}") from None
