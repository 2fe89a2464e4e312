import pytest

from airflow_provider_gong.client.operations import OPERATIONS, Body, Operation, Paging, operation

ALL = pytest.mark.parametrize("entry", OPERATIONS.values(), ids=lambda entry: entry.name)
PAGED = {
    "listCalls",
    "listCallsExtensive",
    "getCallTranscripts",
    "listUsers",
    "listMultipleUsers",
    "listMultipleUsersAggregateActivity",
    "listMultipleUsersAggregateByPeriod",
    "listMultipleUsersDayByDayActivity",
    "listAnsweredScorecards",
    "listInteractionStats",
    "listLogs",
    "listFlows",
    "listFlowsFolders",
}


def test_holds_every_operation_of_the_api_once() -> None:
    routes = {(entry.method, entry.path) for entry in OPERATIONS.values()}
    assert len(OPERATIONS) == len(routes) == 67


@ALL
def test_entry_is_well_formed(entry: Operation) -> None:
    assert operation(entry.name) is entry
    assert entry.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert entry.path.startswith("/v2/")
    assert entry.summary
    assert entry.scopes
    assert all(scope.startswith("api:") for scope in entry.scopes)


@ALL
def test_cursor_travels_where_gong_reads_it(entry: Operation) -> None:
    if entry.name not in PAGED:
        assert entry.paging is Paging.NONE
        return
    assert entry.paging is {"GET": Paging.QUERY, "POST": Paging.BODY}[entry.method]
    assert entry.items


@ALL
def test_body_fits_the_method(entry: Operation) -> None:
    if entry.paging is Paging.BODY or entry.method in {"PUT", "PATCH"}:
        assert entry.body is not Body.NONE
    if entry.paging is Paging.QUERY:
        assert entry.body is Body.NONE


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("addCall", Body.JSON),
        ("addCallRecording", Body.MULTIPART),
        ("uploadCrmData", Body.MULTIPART),
        ("deleteMeeting", Body.JSON),
        ("deleteUsersAccessToCalls", Body.JSON),
        ("deleteGenericCrmIntegration", Body.NONE),
        ("getCrmObjects", Body.JSON),
        ("purgeEmailAddress", Body.NONE),
        ("listCalls", Body.NONE),
    ],
)
def test_body(name: str, body: Body) -> None:
    assert operation(name).body is body


@pytest.mark.parametrize(
    "name",
    [
        "listCalls",
        "listCallsExtensive",
        "listTasks",
        "getUsersAccessToCalls",
        "getFlowSteps",
        "integrationStatus",
        "addCall",
        "addCallRecording",
        "updateMeeting",
        "deleteMeeting",
        "addUsersAccessToCalls",
        "updateReminder",
    ],
)
def test_may_be_sent_again(name: str) -> None:
    assert operation(name).repeatable


@pytest.mark.parametrize(
    "name",
    [
        "addMeeting",
        "assignProspects",
        "submitFlowProspectsBulkAssignment",
        "purgePhoneNumber",
        "uploadCrmData",
        "createPermissionProfile",
        "addDigitalInteraction",
        "customAction",
        "contentShared",
        "contentViewed",
        "askEntity",
        "generateBrief",
    ],
)
def test_must_not_be_sent_again(name: str) -> None:
    assert not operation(name).repeatable


def test_folders_of_flows_are_under_the_key_seen_live() -> None:
    assert operation("listFlowsFolders").items == "flowsFolders"


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("listCalls", ()), ("getCall", ("id",)), ("deleteMeeting", ("meetingId",)), ("updateReminder", ("taskId",))],
)
def test_path_parameters(name: str, parameters: tuple[str, ...]) -> None:
    assert operation(name).path_parameters == parameters


def test_unknown_name_is_refused_with_close_matches() -> None:
    with pytest.raises(ValueError, match=r"no operation 'listCall'.*listCalls"):
        operation("listCall")


def test_name_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(ValueError, match=r"no operation 'zzzzzz'\.$"):
        operation("zzzzzz")
