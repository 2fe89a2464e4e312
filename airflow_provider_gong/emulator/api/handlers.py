"""The handlers of the operations of the Gong API."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_gong.emulator.api import meetings, tokens
from airflow_provider_gong.emulator.api.ask import Ask, Handler, Reply
from airflow_provider_gong.emulator.api.calls import reading, writing
from airflow_provider_gong.emulator.api.insights import seeded, stats
from airflow_provider_gong.emulator.api.integrations import crm, engage, events
from airflow_provider_gong.emulator.api.people import permissions, privacy, users
from airflow_provider_gong.emulator.world.answers import INTERNAL_ERROR, GongApiError

# What a company may lack, by chapter of the reference: the setting, and what Gong answers without it.
_RELEASES: Mapping[str, tuple[str, int, str]] = {
    "Meetings": (
        "meetings_released",
        403,
        "This API endpoint is in Limited release - contact your CSM for more information.",
    ),
    # Only the status was observed.
    "Engage flows": ("engage_enabled", 403, "Gong Engage is not enabled for your company"),
    # Permanently, in a company without Engage (observed on live tenants).
    "Tasks": ("engage_enabled", 500, INTERNAL_ERROR),
    "Entities": ("ai_credits", 402, "Not enough credits"),
}

_HANDLERS: Mapping[str, Handler] = {
    "listCalls": reading.list_calls,
    "addCall": writing.add_call,
    "listCallsExtensive": reading.list_calls_extensive,
    "getCallTranscripts": reading.get_call_transcripts,
    "getCall": reading.get_call,
    "addCallRecording": writing.add_call_recording,
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
    "getLibraryStructure": seeded.seeded("libraryFolders", key="folders"),
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
    "listTargetDefinitions": seeded.seeded("targets"),
    "uploadAssignments": events.upload_assignments,
    "generateCustomerToken": tokens.generate_customer_token,
}


async def handle(ask: Ask) -> Reply:
    """
    Carry out a request.

    :raises GongApiError: when it is refused
    """
    if ask.operation.tag in _RELEASES:
        setting, status, text = _RELEASES[ask.operation.tag]
        if not getattr(ask.emulator.settings, setting):
            raise GongApiError(status, text)
    return await _HANDLERS[ask.operation.name](ask)
