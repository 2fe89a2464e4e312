from __future__ import annotations

from enum import StrEnum
from types import ModuleType
from typing import get_args

import pytest

from airflow_provider_gong.call_export import choices as export_choices
from airflow_provider_gong.call_import import choices
from airflow_provider_gong.call_import.choices import MediaMode, OnExisting, OnRejected


def test_a_choice_is_known_by_its_text() -> None:
    assert OnRejected.of("on_rejected", "stop") is OnRejected.STOP
    assert OnExisting.of("on_existing", OnExisting.SKIP) is OnExisting.SKIP


@pytest.mark.parametrize("value", ["pul", "Pull", "", None, 1, ["pull"]])
def test_an_unknown_choice_is_refused_with_the_allowed_ones(value: object) -> None:
    with pytest.raises(ValueError, match=r"media_mode=.* is not one of push, pull, auto\.") as error:
        MediaMode.of("media_mode", value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("room", [choices, export_choices])
def test_type_checkers_know_the_same_choices(room: ModuleType) -> None:
    found = {name: kind for name, kind in vars(room).items() if isinstance(kind, type) and issubclass(kind, StrEnum)}
    # Base classes have no choices.
    kinds = {name: kind for name, kind in found.items() if len(kind)}
    assert kinds
    for name, kind in kinds.items():
        assert get_args(getattr(room, f"{name}Name")) == tuple(kind)
