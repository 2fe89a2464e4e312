from __future__ import annotations

from importlib import import_module

import pytest

from airflow_provider_gong.triggers.calls import GongCallProcessedTrigger
from airflow_provider_gong.triggers.timer import GongTimerTrigger


class OwnTimer(GongTimerTrigger):
    """A trigger that somebody has derived."""


TRIGGERS = [
    GongTimerTrigger(due=1_780_000_000.25, jitter=30.0),
    GongCallProcessedTrigger("gong_default", "1234567890123456789", end_time=1_780_000_000.5, poll_interval=60.0),
    OwnTimer(due=1_780_000_000.0),
]


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: type(trigger).__name__)
def test_triggerer_makes_the_same_trigger_again(trigger):
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    again = getattr(import_module(module), name)(**arguments)
    assert type(again).__qualname__ == type(trigger).__qualname__
    assert again.serialize() == (path, arguments)


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: type(trigger).__name__)
def test_arguments_survive_airflows_serialization(trigger):
    try:
        serde = import_module("airflow.sdk.serde")
    except ImportError:
        serde = import_module("airflow.serialization.serde")
    _, arguments = trigger.serialize()
    assert serde.deserialize(serde.serialize(arguments)) == arguments
