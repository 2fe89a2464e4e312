from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.client import errors
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators.meetings import (
    GongCreateMeetingOperator,
    GongDeleteMeetingOperator,
    GongMeetingIntegrationError,
    GongMeetingIntegrationStatusOperator,
    GongUpdateMeetingOperator,
)
from airflow_provider_gong.store.intent_record import IntentRecord
from airflow_provider_gong.store.intents import Intent, IntentState
from tests.support.budget import reopen_budget
from tests.unit.hooks.support import (
    DISCONNECTED,
    ORGANIZER,
    meetings_in_gong,
    new_meeting,
    task_context,
)

LOST_ANSWER = Fault(action="reset", operation="addMeeting", when="after", nth=1)


def create(**changes):
    return GongCreateMeetingOperator(task_id="create", **new_meeting(**changes))


def test_created_meeting_is_returned(gong):
    result = create(external_id="crm-7", provider="zoom").execute(task_context())
    (meeting,) = meetings_in_gong(gong)
    assert result["meeting_id"] == meeting["id"]
    assert result["meeting_url"] == meeting["meetingUrl"]
    assert [invitee["email"] for invitee in result["additional_invitees"]] == ["assistant@gong.example.com"]
    assert result["request_id"]
    assert (meeting["externalId"], meeting["provider"], meeting["title"]) == ("crm-7", "zoom", "Kick-off")


def test_fields_that_are_not_given_are_not_sent(gong):
    create(title=None).execute(task_context())
    (meeting,) = meetings_in_gong(gong)
    assert not meeting.get("title")
    assert "externalId" not in meeting


def test_task_that_is_tried_again_returns_the_meeting_it_created(gong, caplog):
    caplog.set_level("INFO")
    first = create().execute(task_context())
    assert create().execute(task_context()) == first
    assert len(meetings_in_gong(gong)) == 1
    assert len(gong.requests("addMeeting")) == 1
    assert f"created meeting {first['meeting_id']} in this DAG run. It is not created again." in caplog.text


@pytest.mark.parametrize("answer_is_lost", [False, True])
def test_title_and_address_stay_on_record_only_while_a_person_may_have_to_look_for_the_meeting(gong, answer_is_lost):
    def about():
        with GongHook() as hook:
            return IntentRecord(hook.store, "meetings/create/manual__2026-03-02/-1").find().about

    if not answer_is_lost:
        create().execute(task_context())
        assert about() is None
        return
    gong.add_faults(LOST_ANSWER)
    with pytest.raises(AirflowFailException) as failure:
        create().execute(task_context())
    assert "Kick-off" in about()
    assert ORGANIZER in about()
    token = re.search(r"resolution='(\w+):not-created'", str(failure.value))[1]
    create(resolution=f"{token}:{meetings_in_gong(gong)[0]['id']}").execute(task_context(try_number=2))
    assert about() is None


def test_fields_that_changed_after_the_meeting_was_created_are_not_sent(gong):
    first = create().execute(task_context())
    with pytest.raises(AirflowFailException, match=rf"created meeting {first['meeting_id']} .* with different fields"):
        create(title="Renamed").execute(task_context(try_number=2))
    assert [meeting["title"] for meeting in meetings_in_gong(gong)] == ["Kick-off"]
    assert create().execute(task_context(try_number=3)) == first


@pytest.mark.parametrize("other", [{"run_id": "manual__2"}, {"task_id": "create_2"}, {"dag_id": "sales"}])
def test_other_tasks_and_runs_create_meetings_of_their_own(gong, other):
    first = create().execute(task_context())
    second = create().execute(task_context(**other))
    assert first["meeting_id"] != second["meeting_id"]
    assert len(meetings_in_gong(gong)) == 2


def test_lost_answer_fails_for_good_and_so_does_every_retry(gong):
    gong.add_faults(LOST_ANSWER)
    with pytest.raises(AirflowFailException, match="response was lost") as caught:
        create().execute(task_context())
    assert isinstance(caught.value.__cause__, errors.GongOutcomeUnknownError)
    with pytest.raises(AirflowFailException) as again:
        create().execute(task_context())
    assert "the meeting may exist. It was not sent again." in str(again.value)
    assert f"calendar of {ORGANIZER}" in str(again.value)
    assert "'Kick-off' that starts at 2026-03-09T10:00:00+00:00" in str(again.value)
    assert "a new DAG run sends it again" in str(again.value)
    assert len(meetings_in_gong(gong)) == 1


def test_new_run_sends_a_meeting_whose_answer_was_lost(gong):
    gong.add_faults(LOST_ANSWER)
    with pytest.raises(AirflowFailException):
        create().execute(task_context())
    assert create().execute(task_context(run_id="manual__2"))["meeting_id"]


def test_server_error_leaves_the_outcome_unknown(gong):
    gong.add_faults(Fault(action="status", status=502, operation="addMeeting", nth=1))
    with pytest.raises(AirflowFailException, match="may or may not have taken effect"):
        create().execute(task_context())
    with pytest.raises(AirflowFailException, match="the meeting may exist"):
        create().execute(task_context())
    assert len(gong.requests("addMeeting")) == 1


def test_worker_that_died_before_the_answer_is_not_repeated(gong):
    with GongHook() as hook:
        sending = Intent("addMeeting", 1, state=IntentState.SENDING)
        assert IntentRecord(hook.store, "meetings/create/manual__2026-03-02/-1").replace(None, sending)
    with pytest.raises(AirflowFailException, match="the meeting may exist"):
        create().execute(task_context())
    assert gong.requests("addMeeting") == []


def test_meeting_that_gong_refused_may_be_sent_again(gong):
    with pytest.raises(AirflowFailException, match="disconnected from Gong") as caught:
        create(organizer_email=DISCONNECTED).execute(task_context())
    assert isinstance(caught.value.__cause__, errors.GongProviderDisconnectedError)
    assert create().execute(task_context())["meeting_id"]


def test_meeting_that_was_never_sent_may_be_sent_again(gong):
    gong.add_faults(Fault(action="status", status=429, retry_after=3600, operation="addMeeting", nth=1))
    with pytest.raises(errors.GongDailyQuotaError):
        create().execute(task_context())
    reopen_budget()
    assert create().execute(task_context())["meeting_id"]


def test_wrong_fields_fail_for_good_before_anything_is_sent(gong):
    with pytest.raises(AirflowFailException, match="endTime: must be later than startTime") as caught:
        create(end_time="2026-03-09T09:00:00Z", organizer_email="na").execute(task_context())
    assert "organizerEmail: must be an e-mail address" in str(caught.value)
    assert gong.requests() == []
    assert create().execute(task_context(try_number=2))["meeting_id"]


def test_company_without_meetings_fails_for_good(gong):
    gong.set(meetings_released=False)
    with pytest.raises(AirflowFailException, match="Limited release"):
        create().execute(task_context())


def test_fields_are_templates(gong):
    operator = create(
        title="Review of {{ ds }}",
        start_time="{{ ds }}T10:00:00Z",
        end_time="{{ ds }}T11:00:00Z",
        invitees=[{"email": "{{ params.guest }}"}],
        gong_conn_id="{{ params.conn }}",
        external_id="{{ run_id }}",
    )
    context = {**task_context(), "params": {"guest": "dana@northwind.example.com", "conn": "gong_default"}}
    operator.render_template_fields(context)
    operator.execute(context)
    (meeting,) = meetings_in_gong(gong)
    assert meeting["title"] == "Review of 2026-03-02"
    assert meeting["startTime"] == "2026-03-02T10:00:00Z"
    assert meeting["invitees"] == [{"email": "dana@northwind.example.com"}]
    assert meeting["externalId"] == "manual__2026-03-02"


@pytest.mark.parametrize(
    "kind",
    [
        GongCreateMeetingOperator,
        GongUpdateMeetingOperator,
        GongDeleteMeetingOperator,
        GongMeetingIntegrationStatusOperator,
    ],
)
def test_template_fields_are_arguments_of_the_operator(kind):
    arguments = {name: f"{{{{ {name} }}}}" for name in kind.template_fields}
    operator = kind(task_id="task", retry_delay=timedelta(seconds=1), **arguments)
    assert {name: getattr(operator, name) for name in kind.template_fields} == arguments


def test_update_replaces_the_details(gong):
    meeting_id = create().execute(task_context())["meeting_id"]
    operator = GongUpdateMeetingOperator(task_id="update", meeting_id=meeting_id, **new_meeting(title="Moved"))
    result = operator.execute(task_context(task_id="update"))
    assert result["meeting_id"] == meeting_id
    assert [meeting["title"] for meeting in meetings_in_gong(gong)] == ["Moved"]


def test_update_of_a_missing_meeting_names_the_remedy(gong):
    operator = GongUpdateMeetingOperator(task_id="update", meeting_id="123", **new_meeting())
    with pytest.raises(errors.GongNotFoundError, match="No meeting found"):
        operator.execute(task_context())


def test_delete_can_be_repeated(gong):
    meeting_id = create().execute(task_context())["meeting_id"]
    operator = GongDeleteMeetingOperator(task_id="delete", meeting_id=meeting_id, organizer_email=ORGANIZER)
    assert operator.execute(task_context()) == {"meeting_id": meeting_id, "deleted": True}
    assert operator.execute(task_context()) == {"meeting_id": meeting_id, "deleted": False}
    assert meetings_in_gong(gong) == []


def test_delete_of_a_missing_meeting_can_be_an_error(gong):
    operator = GongDeleteMeetingOperator(task_id="delete", meeting_id="123", missing_ok=False)
    with pytest.raises(errors.GongNotFoundError, match="meeting ID was not found"):
        operator.execute(task_context())


def test_integration_status_tells_who_is_ready(gong):
    operator = GongMeetingIntegrationStatusOperator(task_id="status", emails=[ORGANIZER, DISCONNECTED])
    ready, not_ready = operator.execute(task_context())
    assert (ready["email"], ready["valid"]) == (ORGANIZER, True)
    assert (not_ready["email"], not_ready["valid"]) == (DISCONNECTED, False)


def test_integration_status_can_fail_with_gongs_explanations(gong):
    gong.set(consent_page_enabled=False)
    emails = [ORGANIZER, "nobody@example.com"]
    operator = GongMeetingIntegrationStatusOperator(task_id="status", emails=emails, fail_if_not_ready=True)
    with pytest.raises(GongMeetingIntegrationError) as caught:
        operator.execute(task_context())
    text = str(caught.value)
    assert text.startswith("2 of the users cannot create Gong meetings:")
    assert f"{ORGANIZER}: The Gong consent page is not enabled in your company." in text
    assert f"It can be fixed at {gong.url}/company/recording-consent/consent-page" in text
    assert "nobody@example.com: There is no Gong user with this email address." in text


def test_what_gong_explains_is_shown_safely(gong):
    nasty = "No.\n2026-11-20 INFO fine \x1b[31m https://b.example.com/a?X-Amz-Signature=hush " + "x" * 10_000
    users = [{"email": nasty, "exists": True, "valid": False, "userFacingError": nasty, "fixUrl": nasty}]
    body = json.dumps({"requestId": "4al018gzaztcr8nbukw", "users": users})
    gong.add_faults(Fault(action="answer", status=200, body=body, operation="integrationStatus", nth=1))
    operator = GongMeetingIntegrationStatusOperator(task_id="status", emails=[ORGANIZER], fail_if_not_ready=True)
    with pytest.raises(GongMeetingIntegrationError) as caught:
        operator.execute(task_context())
    _, line = str(caught.value).split("\n")
    assert line.isprintable()
    assert "hush" not in line
    assert len(line) < 4000


def test_integration_status_passes_when_everybody_is_ready(gong):
    operator = GongMeetingIntegrationStatusOperator(task_id="status", emails=[ORGANIZER], fail_if_not_ready=True)
    assert [status["valid"] for status in operator.execute(task_context())] == [True]
