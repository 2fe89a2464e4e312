"""The operations of the Gong API that the emulator serves: the one table of names, paths, shapes and scopes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from airflow_provider_gong.emulator import oauth
from airflow_provider_gong.emulator.api import (
    calls,
    crm,
    engage,
    events,
    media,
    meetings,
    permissions,
    privacy,
    seeded,
    stats,
    users,
)
from airflow_provider_gong.emulator.contract.operation import Operation, operation
from airflow_provider_gong.emulator.errors import GongApiError

_LOG_TYPES = "AccessLog|UserActivityLog|UserCallPlay|ExternallySharedCallAccess|ExternallySharedCallPlay"
_CRM_TYPES = "ACCOUNT|CONTACT|DEAL|LEAD"
_CRM_REQUEST = "integrationId* long, clientRequestId*"
_ENTITY = (
    f"crmEntityType* {_CRM_TYPES}, crmEntityId*, timePeriod* TimePeriod, fromDateTime, toDateTime, workspaceId* long"
)

_calls = partial(operation, tag="Calls")
_meetings = partial(operation, tag="Meetings")
_users = partial(operation, tag="Users", scope="api:users:read")
_stats = partial(operation, tag="Stats", source="computed")
_settings = partial(operation, tag="Settings", source="seeded")
_library = partial(operation, tag="Library", scope="api:library:read")
_privacy = partial(operation, tag="Data privacy")
_crm = partial(operation, tag="CRM")
_access = partial(operation, tag="Permissions")
_profile_read = partial(operation, tag="Permissions", scope="api:permission-profile:read")
_profile_write = partial(
    operation, tag="Permissions", scope="api:permission-profile:write", body="PermissionProfileDTO"
)
_flows_read = partial(operation, tag="Engage flows", scope="api:flows:read")
_flows_write = partial(operation, tag="Engage flows", scope="api:flows:write")
_engagement = partial(operation, tag="Engagement", scope="api:engagement-data:write")
_targets = partial(operation, tag="Targets")

OPERATIONS: tuple[Operation, ...] = (
    _calls(
        "listCalls",
        "GET /v2/calls",
        calls.list_calls,
        "CallsResponse",
        scope="api:calls:read:basic",
        query="cursor, fromDateTime* datetime, toDateTime* datetime, workspaceId",
    ),
    _calls(
        "addCall",
        "POST /v2/calls",
        calls.add_call,
        "NewCallAddingResponse",
        scope="api:calls:create",
        body="NewCallAddingRequest",
    ),
    _calls(
        "listCallsExtensive",
        "POST /v2/calls/extensive",
        calls.list_calls_extensive,
        "Calls",
        scope="api:calls:read:extensive",
        body="CallsExtensiveRequest",
    ),
    _calls(
        "getCallTranscripts",
        "POST /v2/calls/transcript",
        calls.get_call_transcripts,
        "CallTranscripts",
        scope="api:calls:read:transcript",
        body="CallTranscriptsRequest",
    ),
    _calls("getCall", "GET /v2/calls/{id}", calls.get_call, "SpecificCall", scope="api:calls:read:basic"),
    _calls(
        "addCallRecording",
        "PUT /v2/calls/{id}/media",
        media.add_call_recording,
        "NewCallRecordingResponse",
        scope="api:calls:create",
        part=media.PART_NAME,
        status=201,
    ),
    _meetings(
        "addMeeting",
        "POST /v2/meetings",
        meetings.add_meeting,
        "NewMeetingResponse",
        scope="api:meetings:user:create",
        body="NewMeetingRequest",
    ),
    _meetings(
        "integrationStatus",
        "POST /v2/meetings/integration/status",
        meetings.integration_status,
        "IntegrationStatusResponse",
        scope="api:meetings:integration:status",
        body="IntegrationStatusRequest",
    ),
    _meetings(
        "updateMeeting",
        "PUT /v2/meetings/{meetingId}",
        meetings.update_meeting,
        "UpdateMeetingResponse",
        scope="api:meetings:user:update",
        body="NewMeetingRequest",
    ),
    _meetings(
        "deleteMeeting",
        "DELETE /v2/meetings/{meetingId}",
        meetings.delete_meeting,
        "DeleteMeetingRequest",
        scope="api:meetings:user:delete",
        body="DeleteMeetingRequest",
    ),
    _users("listUsers", "GET /v2/users", users.list_users, "UsersMetadata", query="cursor, includeAvatars bool"),
    _users(
        "listMultipleUsers",
        "POST /v2/users/extensive",
        users.list_multiple_users,
        "UsersMetadata",
        body="MultipleUsersRequest",
    ),
    _users("getUser", "GET /v2/users/{id}", users.get_user, "User"),
    _users("getUserHistory", "GET /v2/users/{id}/settings-history", users.get_user_history, "SettingsHistory"),
    _users(
        "listPermissionProfileUsers",
        "GET /v2/permission-profile/users",
        permissions.list_profile_users,
        "PermissionProfileUsersResponse",
        tag="Permissions",
        source="seeded",
        query="profileId*",
    ),
    _stats(
        "listMultipleUsersAggregateActivity",
        "POST /v2/stats/activity/aggregate",
        stats.aggregate_activity,
        "CompanyUsersAggregateActivityResponse",
        scope="api:stats:user-actions",
        body="UserStatsRequest",
    ),
    _stats(
        "listMultipleUsersAggregateByPeriod",
        "POST /v2/stats/activity/aggregate-by-period",
        stats.aggregate_by_period,
        "UsersAggregateByPeriodActivity",
        scope="api:stats:user-actions",
        body="RequestWithTimePeriod",
    ),
    _stats(
        "listMultipleUsersDayByDayActivity",
        "POST /v2/stats/activity/day-by-day",
        stats.day_by_day_activity,
        "UsersDayByDayActivity",
        scope="api:stats:user-actions:detailed",
        body="UserStatsRequest",
    ),
    _stats(
        "listAnsweredScorecards",
        "POST /v2/stats/activity/scorecards",
        stats.answered_scorecards,
        "AnsweredScorecards",
        scope="api:stats:scorecards",
        body="AnsweredScorecardsRequest",
    ),
    _stats(
        "listInteractionStats",
        "POST /v2/stats/interaction",
        stats.interaction_stats,
        "CompanyUsersInteractionStatsResponse",
        scope="api:stats:interaction",
        body="UserStatsRequest",
    ),
    _settings(
        "listBriefs",
        "GET /v2/settings/briefs",
        seeded.seeded("briefs"),
        "Briefs",
        scope="api:ai-briefer:read",
        query="workspaceId",
    ),
    _settings(
        "listScorecards",
        "GET /v2/settings/scorecards",
        seeded.seeded("scorecards"),
        "Scorecards",
        scope="api:settings:scorecards:read",
    ),
    _settings(
        "listTrackers",
        "GET /v2/settings/trackers",
        seeded.seeded("trackers", key="keywordTrackers"),
        "Trackers",
        scope="api:settings:trackers:read",
        query="workspaceId",
    ),
    _settings(
        "listWorkspaces",
        "GET /v2/workspaces",
        users.list_workspaces,
        "WorkspacesMetadata",
        source="kept",
        scope="api:workspaces:read",
    ),
    _settings(
        "listCallOutcomes",
        "GET /v2/call-outcomes",
        seeded.seeded("outcomes"),
        "CallOutcomesResponse",
        scope="api:call-outcomes:read",
    ),
    _library(
        "getLibraryStructure",
        "GET /v2/library/folders",
        seeded.seeded("libraryFolders", needs_workspace=True, key="folders"),
        "LibraryResponse",
        source="seeded",
        query="workspaceId",
    ),
    _library(
        "getCallsInSpecificFolder",
        "GET /v2/library/folder-content",
        seeded.folder_content,
        "LibraryFolderListOfCallsResponse",
        source="computed",
        query="folderId",
    ),
    operation(
        "listUsers_1",
        "GET /v2/coaching",
        seeded.coaching,
        "CoachingMetrics",
        tag="Coaching",
        source="computed",
        scope="api:coaching:read",
        query="workspace-id* long, manager-id* long, from* datetime, to* datetime",
    ),
    operation(
        "listLogs",
        "GET /v2/logs",
        seeded.list_logs,
        "LogsResponse",
        tag="Auditing",
        source="computed",
        scope="api:logs:read",
        query=f"logType* {_LOG_TYPES}, fromDateTime* datetime, toDateTime datetime, cursor",
    ),
    _privacy(
        "findAllReferencesToEmailAddress",
        "GET /v2/data-privacy/data-for-email-address",
        privacy.references_to_email,
        "EmailAddressReferences",
        scope="api:data-privacy:read",
        query="emailAddress*",
    ),
    _privacy(
        "findAllReferencesToPhoneNumber",
        "GET /v2/data-privacy/data-for-phone-number",
        privacy.references_to_phone,
        "PhoneNumberReferences",
        scope="api:data-privacy:read",
        query="phoneNumber*",
    ),
    _privacy(
        "purgeEmailAddress",
        "POST /v2/data-privacy/erase-data-for-email-address",
        privacy.purge_email,
        "BaseResponse",
        scope="api:data-privacy:delete",
        query="emailAddress*",
    ),
    _privacy(
        "purgePhoneNumber",
        "POST /v2/data-privacy/erase-data-for-phone-number",
        privacy.purge_phone,
        "BaseResponse",
        scope="api:data-privacy:delete",
        query="phoneNumber*",
    ),
    _crm(
        "getCrmObjects",
        "GET /v2/crm/entities",
        crm.get_objects,
        "GetGenericCrmObjectsResponse",
        scope="api:crm:get-objects",
        query=f"integrationId* long, objectType* {_CRM_TYPES}, objectsCrmIds [string]",
        body="[string]",
    ),
    _crm(
        "uploadCrmData",
        "POST /v2/crm/entities",
        crm.upload_entities,
        "AsyncProcessingResponse",
        scope="api:crm:upload",
        query=f"{_CRM_REQUEST}, objectType* {_CRM_TYPES}|BUSINESS_USER|STAGE",
        part=crm.PART_NAME,
        status=201,
    ),
    _crm(
        "listCrmSchemaFields",
        "GET /v2/crm/entity-schema",
        crm.list_schema,
        "ListSelectedFieldsResponse",
        scope="api:crm:schema",
        query=f"integrationId* long, objectType {_CRM_TYPES}",
    ),
    _crm(
        "uploadCrmSchemaField",
        "POST /v2/crm/entity-schema",
        crm.upload_schema,
        "BaseResponse",
        scope="api:crm:schema",
        query=f"integrationId* long, objectType* {_CRM_TYPES}",
        body="[GenericSchemaFieldRequest]",
    ),
    _crm(
        "deleteGenericCrmIntegration",
        "DELETE /v2/crm/integrations",
        crm.delete_integration,
        "AsyncProcessingResponse",
        scope="api:crm:integration:delete",
        query=_CRM_REQUEST,
        status=201,
    ),
    _crm(
        "listGenericCrmIntegration",
        "GET /v2/crm/integrations",
        crm.list_integrations,
        "ListGenericCrmIntegrationsResponse",
        scope="api:crm:integrations:read",
    ),
    _crm(
        "registerGenericCrmIntegration",
        "PUT /v2/crm/integrations",
        crm.register_integration,
        "RegisterGenericCrmResponse",
        scope="api:crm:integration:register",
        body="GenericCrmRegistrationRequest",
    ),
    _crm(
        "getRequestStatus",
        "GET /v2/crm/request-status",
        crm.request_status,
        "RequestStatusResponse",
        scope="api:crm:upload",
        query=_CRM_REQUEST,
    ),
    _access(
        "addUsersAccessToCalls",
        "PUT /v2/calls/users-access",
        permissions.add_access,
        "BaseResponse",
        scope="api:call-user-access:write",
        body="CallsUsersAccessAddDto",
    ),
    _access(
        "getUsersAccessToCalls",
        "POST /v2/calls/users-access",
        permissions.list_access,
        "CallsAccessDetailsResponse",
        scope="api:call-user-access:read",
        body="CallsAccessRequest",
    ),
    _access(
        "deleteUsersAccessToCalls",
        "DELETE /v2/calls/users-access",
        permissions.delete_access,
        "BaseResponse",
        scope="api:call-user-access:write",
        body="CallsUsersAccessAddDto",
    ),
    _profile_read(
        "listPermissionProfile",
        "GET /v2/all-permission-profiles",
        permissions.list_profiles,
        "PermissionProfilesResponse",
        query="workspaceId*",
    ),
    _profile_read(
        "getPermissionProfile",
        "GET /v2/permission-profile",
        permissions.get_profile,
        "PermissionProfileResponse",
        query="profileId*",
    ),
    _profile_write(
        "createPermissionProfile",
        "POST /v2/permission-profile",
        permissions.create_profile,
        "PermissionProfileResponse",
        query="workspaceId*",
    ),
    _profile_write(
        "updatePermissionProfile",
        "PUT /v2/permission-profile",
        permissions.update_profile,
        "PermissionProfileResponse",
        query="profileId*",
    ),
    _flows_read(
        "listFlows",
        "GET /v2/flows",
        engage.list_flows,
        "FlowsResponse",
        source="seeded",
        query="flowOwnerEmail*, cursor, workspaceId, folderId, mostRecentlyAssigned bool",
    ),
    _flows_read(
        "listFlowsFolders",
        "GET /v2/flows/folders",
        engage.list_flow_folders,
        "FlowsFoldersResponse",
        source="seeded",
        query="flowFolderOwnerEmail*, cursor, parentId long, workspaceId",
    ),
    _flows_read(
        "getFlowSteps",
        "POST /v2/flows/steps",
        engage.flow_steps,
        "FlowStepsResponse",
        source="seeded",
        body="FlowStepsRequest",
    ),
    _flows_read(
        "getProspectsAssignedFlows",
        "POST /v2/flows/prospects",
        engage.prospects_flows,
        "ProspectsFlowsResponse",
        body="ProspectsAssignedFlowsRequestV2",
    ),
    _flows_write(
        "assignProspects",
        "POST /v2/flows/prospects/assign",
        engage.assign_prospects,
        "AssignFlowResponse",
        body="AssignFlowRequestV2",
    ),
    _flows_write(
        "assignProspectsCoolOffOverrides",
        "POST /v2/flows/prospects/assign/cool-off-override",
        engage.assign_prospects_overriding,
        "AssignFlowResponse",
        body="AssignFlowRequestV2",
    ),
    _flows_write(
        "submitFlowProspectsBulkAssignment",
        "POST /v2/flows/prospects/bulk-assignments",
        engage.submit_bulk_assignment,
        "FlowProspectsBulkAssignmentResponse",
        body="FlowProspectsBulkAssignmentRequest",
        status=202,
    ),
    _flows_read(
        "getFlowProspectsBulkAssignment",
        "GET /v2/flows/prospects/bulk-assignments/{id}",
        engage.get_bulk_assignment,
        "FlowProspectsBulkAssignmentResponse",
        text_ids=True,
    ),
    _flows_write(
        "unassignProspectFlows",
        "POST /v2/flows/prospects/unassign-flows-by-crm-id",
        engage.unassign_prospect,
        "UnassignFlowsResponse",
        body="UnassignProspectFlowsRequest",
    ),
    _flows_write(
        "unassignFlows",
        "POST /v2/flows/prospects/unassign-flows-by-instance-id",
        engage.unassign_flows,
        "UnassignFlowsResponse",
        body="UnassignFlowsRequest",
    ),
    operation(
        "listTasks",
        "POST /v2/tasks",
        engage.list_tasks,
        "UserRemindersResponse",
        tag="Tasks",
        scope="api:tasks:read",
        body="ListReminderRequest",
    ),
    operation(
        "updateReminder",
        "PATCH /v2/tasks/{taskId}",
        engage.update_task,
        "UserRemindersResponse",
        tag="Tasks",
        scope="api:tasks:write",
        body="UpdateReminderRequest",
    ),
    operation(
        "askEntity",
        "GET /v2/entities/ask-entity",
        seeded.ask_entity,
        "AskEntityResponse",
        tag="Entities",
        source="seeded",
        scope="api:ai-ask:read",
        query=f"{_ENTITY}, question*",
    ),
    operation(
        "generateBrief",
        "GET /v2/entities/get-brief",
        seeded.get_brief,
        "GenerateBriefResponse",
        tag="Entities",
        source="seeded",
        scope="api:ai-briefer:read",
        query=f"{_ENTITY}, briefName*",
    ),
    operation(
        "addDigitalInteraction",
        "POST /v2/digital-interaction",
        events.add_event,
        "EventAcceptedResponse",
        tag="Digital interactions",
        scope="api:digital-interactions:write",
        body="DigitalInteractionRequest",
    ),
    _engagement(
        "customAction",
        "PUT /v2/customer-engagement/action",
        events.add_event,
        "BaseResponse",
        body="CustomActionEvent",
    ),
    _engagement(
        "contentShared",
        "PUT /v2/customer-engagement/content/shared",
        events.add_event,
        "BaseResponse",
        body="ContentSharedEvent",
    ),
    _engagement(
        "contentViewed",
        "PUT /v2/customer-engagement/content/viewed",
        events.add_event,
        "BaseResponse",
        body="ContentViewedEvent",
    ),
    operation(
        "integrationSettings",
        "POST /v2/integration-settings",
        events.set_integration_settings,
        "BaseResponse",
        tag="Integration settings",
        scope="api:integration-settings:write",
        body="IntegrationSettingsRequest",
    ),
    operation(
        "getIntegrationSettings",
        "GET /v2/integration-settings",
        events.get_integration_settings,
        "IntegrationSettingsResponse",
        tag="Integration settings",
        source="seeded",
    ),
    _targets(
        "listTargetDefinitions",
        "GET /v2/targets",
        seeded.seeded("targets", needs_workspace=True),
        "TargetDefinitionsResponse",
        source="seeded",
        query="workspaceId*",
    ),
    _targets(
        "uploadAssignments",
        "POST /v2/targets/{targetId}/assignments",
        events.upload_assignments,
        "BaseResponse",
        query="workspaceId*, validateOnly bool",
        part=events.TARGETS_PART,
    ),
)

# Not part of the API: it answers at app.gong.io, takes an OAuth client's credentials, and counts against no limit.
_TOKEN_OPERATION = operation(
    "generateCustomerToken",
    "POST /oauth2/generate-customer-token",
    oauth.generate_customer_token,
    "BaseResponse",
    tag="OAuth",
)
TOKEN_PATHS = frozenset({_TOKEN_OPERATION.path})
OPERATION_NAMES = frozenset(known.name for known in (*OPERATIONS, _TOKEN_OPERATION))

# What Gong answers with 405 although nothing is served there (observed on live tenants).
_NO_METHOD = frozenset({"/v2/calls/manage"})


def _by_path() -> dict[str, dict[str, Operation]]:
    found: dict[str, dict[str, Operation]] = {}
    for known in (*OPERATIONS, _TOKEN_OPERATION):
        found.setdefault(known.path, {})[known.method] = known
    return found


_METHODS = _by_path()
_FIXED = {path: methods for path, methods in _METHODS.items() if "{" not in path}
_WITH_IDS = [methods for path, methods in _METHODS.items() if "{" in path]


def find_operation(method: str, path: str) -> Operation | GongApiError:
    """Return the operation that serves a request; otherwise what it is answered: 404 or 405."""
    known = False
    for methods in _candidates(path):
        if method in methods:
            return methods[method]
        known = True
    return GongApiError(405, "Method Not Allowed") if known or path in _NO_METHOD else GongApiError(404, "Not Found")


def _candidates(path: str) -> Iterator[dict[str, Operation]]:
    if path in _FIXED:
        yield _FIXED[path]
        return
    for methods in _WITH_IDS:
        if next(iter(methods.values())).pattern.fullmatch(path):
            yield methods
