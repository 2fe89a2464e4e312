from __future__ import annotations

import pytest

from airflow_provider_gong.call_import.choices import MediaMode, OnExisting, OnRejected


def test_a_choice_is_known_by_its_text() -> None:
    assert OnRejected.of("on_rejected", "stop") is OnRejected.STOP
    assert OnExisting.of("on_existing", OnExisting.SKIP) is OnExisting.SKIP


@pytest.mark.parametrize("value", ["pul", "Pull", "", None, 1, ["pull"]])
def test_an_unknown_choice_is_refused_with_the_allowed_ones(value: object) -> None:
    with pytest.raises(ValueError, match=r"media_mode=.* is not one of push, pull, auto\.") as error:
        MediaMode.of("media_mode", value)
    assert repr(value) in str(error.value)
