from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from airflow_provider_gong.client import errors
from airflow_provider_gong.client.answers import Answer, error_from_answer, is_missing_scope

REQUEST_ID = "4al018gzaztcr8nbukw"
CALL_ID = "7022652889306584427"
SAME_CONTENT = "A media file with the same content has been uploaded in the past"


def error_of(status: int, *texts: str, operation: str = "getCall", **more: Any) -> Any:
    body = {"requestId": REQUEST_ID, "errors": list(texts), **more}
    return error_from_answer(operation, Answer(status, {}, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, "No calls found corresponding to the provided filters", errors.GongEmptyResultError),
        (404, "No answered scorecards found corresponding to the provided filters.", errors.GongEmptyResultError),
        (404, "Call ID 894411314421502864 was not found", errors.GongNotFoundError),
        (404, "Call ID 894411314421502864 is not ready yet", errors.GongCallNotReadyError),
        (400, "Call ID 894411314421502864 is not ready yet", errors.GongCallNotReadyError),
        (404, "The given meeting ID was not found.", errors.GongNotFoundError),
        (404, "No Gong user found corresponding to the provided organizer email", errors.GongNotFoundError),
        (404, "No meeting found corresponding to the provided meeting ID", errors.GongNotFoundError),
        (404, "Flow not found: flowId=1234567890123456789", errors.GongNotFoundError),
        (400, "A call with clientUniqueId 'a' has already been posted for the call 7", errors.GongDuplicateCallError),
        (409, "A call with clientUniqueId 'a' has already been posted for the call 7", errors.GongDuplicateCallError),
        (409, "A call with clientUniqueId 'a' has already been posted", errors.GongConflictError),
        (
            409,
            "Recording or telephony call import is not enabled for primaryUser 234599484848423",
            errors.GongRecordingNotEnabledError,
        ),
        (
            409,
            "Recording or telephony call import is not enabled for primaryUser",
            errors.GongRecordingNotEnabledError,
        ),
        (
            400,
            "A media file with the same content has been uploaded in the past, callID with the same content: 7",
            errors.GongDuplicateMediaError,
        ),
        (400, "The media of the call has already been handled", errors.GongMediaAlreadyHandledError),
        (400, "'na' is not a valid email address", errors.GongValidationError),
        (400, "Bad request", errors.GongValidationError),
        (400, "Json parse error, verify Json format matches the API description.", errors.GongValidationError),
        (400, "filter.fromDateTime: must be before toDateTime", errors.GongValidationError),
        (400, "The cursor has expired", errors.GongCursorExpiredError),
        (404, "Your cursor has expired", errors.GongCursorExpiredError),
        (405, "Method Not Allowed", errors.GongValidationError),
        (415, "Unsupported Media Type", errors.GongValidationError),
        (401, "Unauthorized", errors.GongAuthenticationError),
        (401, "access token has been revoked", errors.GongAuthenticationError),
        (401, "Company is inactive", errors.GongAuthenticationError),
        (401, "You don't have permission to use 'api:crm:schema' in your app.", errors.GongPermissionError),
        (
            403,
            "This API endpoint is in Limited release - contact your CSM for more information.",
            errors.GongPermissionError,
        ),
        (402, "Payment required", errors.GongPermissionError),
        (409, "Provider disconnected", errors.GongProviderDisconnectedError),
        (409, "Your organization already has an active GENERIC CRM integration.", errors.GongConflictError),
        (500, "Internal server error occurred", errors.GongServerError),
        (503, "", errors.GongServerError),
    ],
)
def test_gongs_words_make_the_kind_of_the_error(status: int, text: str, kind: type) -> None:
    error = error_of(status, text)
    assert type(error) is kind
    assert (error.status, error.operation, error.request_id) == (status, "getCall", REQUEST_ID)
    assert error.errors == (text,)


@pytest.mark.parametrize(
    ("text", "call_id"),
    [
        ("A call with clientUniqueId 'x-9' has already been posted for the call 7022652889306584427", CALL_ID),
        (f"{SAME_CONTENT}. callID with the same content: 7022652889306584427", CALL_ID),
        (SAME_CONTENT, None),
    ],
)
def test_duplicates_name_the_existing_call(text: str, call_id: str | None) -> None:
    assert error_of(400, text, operation="addCall").call_id == call_id


@pytest.mark.parametrize(
    ("status", "text", "remedy"),
    [
        (409, "Recording or telephony call import is not enabled for primaryUser 1", "turn on call import"),
        (409, "Provider disconnected", "reconnect the provider"),
        (401, "access token has been revoked", "your company's own API base URL"),
        (403, "Forbidden", "Ask a technical administrator of Gong"),
        (404, "No calls found corresponding to the provided filters", "Widen the filter"),
        (404, "Call 1 is not ready yet", "Read it again in a few minutes"),
        (400, "cursor has expired", "Start the listing again"),
        (500, "Internal server error occurred", "requestId"),
    ],
)
def test_text_says_what_to_do(status: int, text: str, remedy: str) -> None:
    assert remedy in str(error_of(status, text))


def test_text_holds_everything_that_support_asks_for() -> None:
    error = error_of(
        409,
        "Provider disconnected",
        operation="addMeeting",
        userFacingError="Reconnect your calendar.",
        fixUrl="https://us-12345.app.gong.io/settings",
    )
    assert (error.user_facing_error, error.fix_url) == (
        "Reconnect your calendar.",
        "https://us-12345.app.gong.io/settings",
    )
    for part in (
        "operation addMeeting",
        "status 409",
        f"requestId {REQUEST_ID}",
        "Gong says: Provider disconnected.",
        "Gong explains: Reconnect your calendar.",
        "https://us-12345.app.gong.io/settings",
    ):
        assert part in str(error)


def test_text_ends_gongs_sentences_once() -> None:
    text = str(error_of(404, "No answered scorecards found corresponding to the provided filters."))
    assert "provided filters. Widen" in text


def test_several_texts_are_all_told() -> None:
    error = error_of(400, "parties[0].emailAddress: no", "title: too long")
    assert error.errors == ("parties[0].emailAddress: no", "title: too long")
    assert "Gong says: parties[0].emailAddress: no; title: too long." in str(error)


@pytest.mark.parametrize("texts", [None, [], ""])
def test_refusal_without_reasons_claims_none(texts: Any) -> None:
    body = json.dumps({"requestId": REQUEST_ID, "errors": texts}).encode()
    error = error_from_answer("getCall", Answer(404, {}, body))
    assert type(error) is errors.GongNotFoundError
    assert error.errors == ()
    assert "Gong says" not in str(error)


def test_errors_given_as_one_text_are_understood() -> None:
    body = json.dumps({"errors": "cursor has expired"}).encode()
    assert type(error_from_answer("listCalls", Answer(400, {}, body))) is errors.GongCursorExpiredError


def test_request_id_comes_from_the_header_when_the_body_has_none() -> None:
    error = error_from_answer("getCall", Answer(502, {"x-traceid": REQUEST_ID}, b"<html>Bad gateway</html>"))
    assert type(error) is errors.GongServerError
    assert error.request_id == REQUEST_ID


@pytest.mark.parametrize("body", [b"", b"<html>Access denied</html>", b"[]", b'{"message": "no"}', b"\xff"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, errors.GongRedirectError),
        (400, errors.GongConnectionError),
        (401, errors.GongAuthenticationError),
        (403, errors.GongForeignAnswerError),
        (404, errors.GongForeignAnswerError),
        (407, errors.GongForeignAnswerError),
        (405, errors.GongConnectionError),
        (413, errors.GongValidationError),
        (500, errors.GongServerError),
        (408, errors.GongServerError),
        (425, errors.GongServerError),
        (499, errors.GongServerError),
    ],
)
def test_answers_that_gong_did_not_write_blame_the_host_and_not_the_request(
    status: int, kind: type, body: bytes
) -> None:
    error = error_from_answer("getCall", Answer(status, {}, body))
    assert type(error) is kind
    assert error.status == status


@pytest.mark.parametrize(("status", "retry_can_help"), [(400, True), (404, False), (407, False), (500, True)])
def test_answers_of_a_gateway_name_the_host_and_say_whether_a_retry_can_help(status: int, retry_can_help: bool) -> None:
    answer = Answer(status, {}, b"<html>not here</html>", "gong.example.com")
    error = error_from_answer("getCall", answer)
    assert error.retry_can_help is retry_can_help
    assert status == 500 or "gong.example.com" in str(error)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("You don't have permission to use 'api:calls:create' in your app.", True),
        ("Unauthorized", False),
        ("Company is inactive", False),
    ],
)
def test_tells_a_missing_scope_from_a_dead_token(text: str, missing: bool) -> None:
    assert is_missing_scope(Answer(401, {}, json.dumps({"errors": [text]}).encode())) is missing


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]"])
def test_no_scope_is_missing_in_an_answer_that_gong_did_not_write(body: bytes) -> None:
    assert not is_missing_scope(Answer(401, {}, body))


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b'{"id": 7782342274025937895}', {"id": 7782342274025937895}),
        (b"", {}),
        (b" \n", {}),
        (b"[]", None),
        (b"null", None),
        (b"<html>", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_body_is_a_json_object_or_nothing(body: bytes, content: Any) -> None:
    assert Answer(200, {}, body).json() == content


def _subclasses(kind: type) -> list[type]:
    return [kind, *(found for child in kind.__subclasses__() for found in _subclasses(child))]


@pytest.mark.parametrize("kind", _subclasses(errors.GongApiError))
@pytest.mark.parametrize("duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_survive_the_way_to_another_process(kind: type[errors.GongApiError], duplicate: Any) -> None:
    own: dict[str, Any] = {"status": 409, "errors": ["no"], "remedy": "Ask."}
    if issubclass(kind, errors.GongRateLimitError):
        own["retry_after"] = 7.0
    if issubclass(kind, errors.GongDuplicateCallError | errors.GongDuplicateMediaError):
        own["call_id"] = "7"
    original = kind("It failed.", **own)
    twin = duplicate(original)
    assert type(twin) is kind
    assert vars(twin) == vars(original)
    assert str(twin) == str(original)


def test_problems_found_before_sending_are_told_field_by_field() -> None:
    problem = errors.FieldProblem("parties[1].emailAddress", "'na'", "must be an e-mail address", "Correct it.")
    error = errors.GongValidationError("NewCall cannot be sent: 1 problem.", problems=[problem])
    assert error.problems == (problem,)
    assert "parties[1].emailAddress: must be an e-mail address (got 'na'). Correct it." in str(error)
