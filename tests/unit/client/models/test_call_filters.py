from typing import Any

import pytest

from airflow_provider_gong.client.errors import GongValidationError
from airflow_provider_gong.client.models import CallFilter, ContentSelector, RequestModel, UserFilter, parse_request


def test_filter_may_be_empty() -> None:
    assert parse_request(CallFilter, {}).wire() == {}


def test_ids_are_texts_of_digits_each_once() -> None:
    made = parse_request(CallFilter, {"call_ids": [9007199254740993, "9007199254740993", "7"]})
    assert made.wire() == {"callIds": ["9007199254740993", "7"]}


def test_selector_is_sent_under_gongs_names() -> None:
    selector = {
        "context": "Extended",
        "contextTiming": ["Now", "TimeOfCall"],
        "exposedFields": {
            "parties": True,
            "content": {"trackers": True, "trackerOccurrences": True, "keyPoints": False},
            "interaction": {"personInteractionStats": True},
            "collaboration": {"publicComments": True},
            "media": True,
        },
    }
    assert parse_request(ContentSelector, selector).wire() == selector


@pytest.mark.parametrize(
    ("model", "data", "field", "rule"),
    [
        (CallFilter, {"callIds": []}, "callIds", "must not be empty"),
        (CallFilter, {"primaryUserIds": []}, "primaryUserIds", "must not be empty"),
        (CallFilter, {"callIds": ["7", "x"]}, "callIds[1]", "digits"),
        (CallFilter, {"callIds": "7"}, "callIds", "must be a list"),
        (
            CallFilter,
            {"fromDateTime": "2026-03-31T00:00Z", "to_date_time": "2026-03-31T02:00+02:00"},
            "toDateTime",
            "later than fromDateTime",
        ),
        (UserFilter, {"userIds": []}, "userIds", "must not be empty"),
        (UserFilter, {"includeAvatars": "perhaps"}, "includeAvatars", "true or false"),
        (
            UserFilter,
            {"createdFromDateTime": "2026-03-31T00:00Z", "createdToDateTime": "2026-03-30T00:00Z"},
            "createdToDateTime",
            "later than createdFromDateTime",
        ),
        (ContentSelector, {"contextTiming": ["Now"]}, "contextTiming", "only with the context Extended"),
        (ContentSelector, {"context": "Basic", "contextTiming": ["Now"]}, "contextTiming", "context Extended"),
        (ContentSelector, {"context": "extended", "contextTiming": ["Now"]}, "context", "None, Basic, Extended"),
        (ContentSelector, {"context": "Extended", "contextTiming": ["Then"]}, "contextTiming[0]", "Now, TimeOfCall"),
        (
            ContentSelector,
            {"exposedFields": {"content": {"trackerOccurrences": True}}},
            "exposedFields.content.trackerOccurrences",
            "needs trackers",
        ),
        (
            ContentSelector,
            {"exposedFields": {"content": {"keyPoint": True}}},
            "exposedFields.content.keyPoint",
            "not a field of ContentFields",
        ),
    ],
)
def test_wrong_filter(model: type[RequestModel], data: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(GongValidationError) as caught:
        parse_request(model, data)
    [problem] = caught.value.problems
    assert problem.field == field
    assert rule in problem.rule
