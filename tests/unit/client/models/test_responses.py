from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_gong.client.models import (
    Call,
    CallTranscript,
    CreatedCall,
    ExtensiveCall,
    ResponseModel,
    UploadedMedia,
    User,
    UserSettingsHistory,
    Workspace,
)

CALL = {
    "id": "7782342274025937895",
    "title": "Renewal",
    "started": "2023-10-17T21:21:31.816562+02:00",
    "duration": 460,
    "direction": "Sideways",
    "isPrivate": True,
    "newField": {"some": ["thing"]},
}


def test_call_keeps_unknown_fields_and_unknown_choices() -> None:
    call = Call.model_validate(CALL)
    assert call.direction == "Sideways"
    assert call.is_private is True
    assert call.wire() == CALL


@pytest.mark.parametrize(
    ("model", "answer", "field", "expected"),
    [
        (Call, {"id": 7782342274025937895}, "id", "7782342274025937895"),
        (Call, {"id": "1", "primaryUserId": 7782342274025937895}, "primary_user_id", "7782342274025937895"),
        (Call, {"id": "1", "scheduled": ""}, "scheduled", None),
        (Call, {"id": "1", "started": None}, "started", None),
        (Call, {"id": "1", "started": "2026-08-28T08:00:00Z"}, "started", datetime(2026, 8, 28, 8, tzinfo=UTC)),
        (Call, {"id": "1", "duration": 12.5}, "duration", 12.5),
        (CreatedCall, {"requestId": "a1", "callId": 9007199254740993}, "call_id", "9007199254740993"),
        (UploadedMedia, {"callId": "1", "url": "https://app.example.com/1"}, "url", "https://app.example.com/1"),
        (Workspace, {"id": 5, "name": "Sales"}, "id", "5"),
        (UserSettingsHistory, {"setting": "newSetting", "value": True}, "setting", "newSetting"),
        (User, {"id": "1", "managerId": 7}, "manager_id", "7"),
        (User, {"id": "1", "emailAliases": None}, "email_aliases", None),
    ],
)
def test_answer_is_read_tolerantly(
    model: type[ResponseModel], answer: dict[str, Any], field: str, expected: object
) -> None:
    assert getattr(model.model_validate(answer), field) == expected


def test_extensive_call_joins_with_its_transcript() -> None:
    call = ExtensiveCall.model_validate(
        {
            "metaData": CALL,
            "parties": [{"id": "1", "speakerId": 55, "userId": None, "affiliation": "Alien"}],
            "content": {"brief": "b", "topics": [{"name": "Pricing", "duration": 3}]},
            "media": {"audioUrl": "https://media.example.com/1?signature=secret"},
        }
    )
    transcript = CallTranscript.model_validate(
        {
            "callId": 7782342274025937895,
            "transcript": [{"speakerId": "55", "topic": None, "sentences": [{"start": 0, "end": 900, "text": "Hi."}]}],
        }
    )
    assert transcript.call_id == call.meta_data.id
    assert transcript.transcript is not None
    assert call.parties is not None
    assert transcript.transcript[0].speaker_id == call.parties[0].speaker_id
    assert call.content == {"brief": "b", "topics": [{"name": "Pricing", "duration": 3}]}
    assert call.interaction is None
    assert "secret" not in repr(call)


def test_user_says_whether_calls_can_be_imported() -> None:
    user = User.model_validate(
        {
            "id": "1",
            "emailAddress": "ann@example.com",
            "emailAliases": ["a@example.com"],
            "active": True,
            "settings": {"telephonyCallsImported": False, "somethingNew": 1},
            "conferencingProviders": [{"provider": "zoom", "isDefault": True}],
            "spokenLanguages": [{"language": "en-US", "primary": True}],
        }
    )
    assert user.settings is not None
    assert user.settings.telephony_calls_imported is False
    assert user.conferencing_providers is not None
    assert user.conferencing_providers[0].is_default is True
