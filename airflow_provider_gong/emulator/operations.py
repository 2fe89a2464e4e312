"""What carries out which operation of the Gong API, and which operation a request is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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
from airflow_provider_gong.emulator.contract.operation import Handler, Operation, read_operations
from airflow_provider_gong.emulator.errors import GongApiError

_TOKEN_OPERATION = "generateCustomerToken"  # noqa: S105 (the name of an operation)
_HANDLERS: Mapping[str, Handler] = {
    "listCalls": calls.list_calls,
    "addCall": calls.add_call,
    "listCallsExtensive": calls.list_calls_extensive,
    "getCallTranscripts": calls.get_call_transcripts,
    "getCall": calls.get_call,
    "addCallRecording": media.add_call_recording,
    "addMeeting": meetings.add_meeting,
    "integrationStatus": meetings.integration_status,
    "updateMeeting": meetings.update_meeting,
    "deleteMeeting": meetings.delete_meeting,
    "listUsers": users.list_users,
    "listMultipleUsers": users.list_multiple_users,
    "getUser": users.get_user,
    "getUserHistory": users.get_user_history,
    "listPermissionProfileUsers": permissions.list_profile_users,
    "listMultipleUsersAggregateActivity": stats.aggregate_activity,
    "listMultipleUsersAggregateByPeriod": stats.aggregate_by_period,
    "listMultipleUsersDayByDayActivity": stats.day_by_day_activity,
    "listAnsweredScorecards": stats.answered_scorecards,
    "listInteractionStats": stats.interaction_stats,
    "listBriefs": seeded.seeded("briefs"),
    "listScorecards": seeded.seeded("scorecards"),
    "listTrackers": seeded.seeded("trackers", key="keywordTrackers"),
    "listWorkspaces": users.list_workspaces,
    "listCallOutcomes": seeded.seeded("outcomes"),
    "getLibraryStructure": seeded.seeded("libraryFolders", needs_workspace=True, key="folders"),
    "getCallsInSpecificFolder": seeded.folder_content,
    "listUsers_1": seeded.coaching,
    "listLogs": seeded.list_logs,
    "findAllReferencesToEmailAddress": privacy.references_to_email,
    "findAllReferencesToPhoneNumber": privacy.references_to_phone,
    "purgeEmailAddress": privacy.purge_email,
    "purgePhoneNumber": privacy.purge_phone,
    "getCrmObjects": crm.get_objects,
    "uploadCrmData": crm.upload_entities,
    "listCrmSchemaFields": crm.list_schema,
    "uploadCrmSchemaField": crm.upload_schema,
    "deleteGenericCrmIntegration": crm.delete_integration,
    "listGenericCrmIntegration": crm.list_integrations,
    "registerGenericCrmIntegration": crm.register_integration,
    "getRequestStatus": crm.request_status,
    "addUsersAccessToCalls": permissions.add_access,
    "getUsersAccessToCalls": permissions.list_access,
    "deleteUsersAccessToCalls": permissions.delete_access,
    "listPermissionProfile": permissions.list_profiles,
    "getPermissionProfile": permissions.get_profile,
    "createPermissionProfile": permissions.create_profile,
    "updatePermissionProfile": permissions.update_profile,
    "listFlows": engage.list_flows,
    "listFlowsFolders": engage.list_flow_folders,
    "getFlowSteps": engage.flow_steps,
    "getProspectsAssignedFlows": engage.prospects_flows,
    "assignProspects": engage.assign_prospects,
    "assignProspectsCoolOffOverrides": engage.assign_prospects_overriding,
    "submitFlowProspectsBulkAssignment": engage.submit_bulk_assignment,
    "getFlowProspectsBulkAssignment": engage.get_bulk_assignment,
    "unassignProspectFlows": engage.unassign_prospect,
    "unassignFlows": engage.unassign_flows,
    "listTasks": engage.list_tasks,
    "updateReminder": engage.update_task,
    "askEntity": seeded.ask_entity,
    "generateBrief": seeded.get_brief,
    "addDigitalInteraction": events.add_event,
    "customAction": events.add_event,
    "contentShared": events.add_event,
    "contentViewed": events.add_event,
    "integrationSettings": events.set_integration_settings,
    "getIntegrationSettings": events.get_integration_settings,
    "listTargetDefinitions": seeded.seeded("targets", needs_workspace=True),
    "uploadAssignments": events.upload_assignments,
    _TOKEN_OPERATION: oauth.generate_customer_token,
}
_ALL = read_operations(_HANDLERS)

OPERATIONS = tuple(known for known in _ALL if known.name != _TOKEN_OPERATION)
OPERATION_NAMES = frozenset(known.name for known in _ALL)
TOKEN_PATHS = frozenset(known.path for known in _ALL if known.name == _TOKEN_OPERATION)

# What Gong answers with 405 although nothing is served there (observed on live tenants).
_NO_METHOD = frozenset({"/v2/calls/manage"})


def _by_path() -> dict[str, dict[str, Operation]]:
    found: dict[str, dict[str, Operation]] = {}
    for known in _ALL:
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
