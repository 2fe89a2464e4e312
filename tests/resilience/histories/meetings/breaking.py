"""Promises about meetings that are switched off, for testing who judges them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from airflow_provider_gong.operators.record import meeting_record
from airflow_provider_gong.operators.record.places import Place, TaskStateRecord
from airflow_provider_gong.operators.record.task_record import TaskRecord
from airflow_provider_gong.store.intent_record import IntentRecord
from airflow_provider_gong.store.intents import IntentState
from airflow_provider_gong.store.schema import db_now
from airflow_provider_gong.store.schema import intent_table as intents

Patch = pytest.MonkeyPatch


def nothing_found_means_nothing_sent(patch: Patch) -> None:
    """An attempt that finds no record of the others believes that they have sent nothing."""
    patch.setattr(TaskRecord, "is_complete", True)


def records_are_not_read(patch: Patch) -> None:
    """What earlier attempts have left is not looked at."""
    look = Place.look

    def forget(self: Place) -> None:
        look(self)
        self.found = None

    patch.setattr(Place, "look", forget)


def sending_is_not_recorded(patch: Patch) -> None:
    """A request is sent before anything says so."""
    patch.setattr(TaskRecord, "start_sending", lambda self: None)


def attempts_are_not_fenced(patch: Patch) -> None:
    """An attempt that was replaced sends all the same."""

    def replace(self: Any, found: Any, by: Any) -> bool:
        values = {"key": self._task_key, "created_at": db_now(), **self._values(by)}
        try:
            with self._store.begin() as connection:
                connection.execute(insert(intents).values(**values))
        except IntegrityError:
            with self._store.begin() as connection:
                connection.execute(update(intents).where(intents.c.key == self._task_key).values(**values))
        return True

    patch.setattr(IntentRecord, "replace", replace)


def foreign_answers_count_as_refusals(patch: Patch) -> None:
    """Whoever answers in Gong's place makes the task forget what it has sent."""
    patch.setattr(meeting_record, "may_have_taken_effect", lambda *_: False)


def map_indexes_do_not_know_each_other(patch: Patch) -> None:
    """Each map index sends whatever it is told."""
    values = IntentRecord._values
    patch.setattr(IntentRecord, "check_content", lambda *_: None)
    patch.setattr(IntentRecord, "_values", lambda self, intent: {**values(self, intent), "sent": None})


def any_answer_fits(patch: Patch) -> None:
    """What a person has said of one attempt counts for all later ones."""
    patch.setattr(TaskRecord, "accepts", lambda *_: True)


def answers_count_for_attempts_that_are_missing(patch: Patch) -> None:
    """What a person has said of a known attempt counts for others that have come since."""
    patch.setattr(TaskRecord, "_last_known", TaskRecord.known)


def parking_is_not_recorded(patch: Patch) -> None:
    """An attempt that leaves its host says nothing."""
    patch.setattr(TaskRecord, "park", lambda self: None)


def refusals_are_not_recorded(patch: Patch) -> None:
    """What Gong has refused counts as sent."""
    patch.setattr(TaskRecord, "refuse", lambda self: None)


def beginning_counts_as_sending(patch: Patch) -> None:
    """An attempt that has only begun keeps the next one from sending."""
    patch.setattr(IntentState, "may_send", property(lambda self: self is IntentState.REFUSED))


def task_states_are_not_read(patch: Patch) -> None:
    """What Airflow keeps for a task is not looked at, only what the disk still has."""
    patch.setattr(TaskStateRecord, "find", lambda self: None)


def outcomes_are_not_recorded(patch: Patch) -> None:
    """A task that is cleared does not know its meeting."""
    patch.setattr(TaskRecord, "complete", lambda *_: True)


# What is switched off, which kinds of faults and places show it, and the seed of a history in which they do.
BROKEN: tuple[tuple[Callable[[Patch], None], dict[str, Any], int], ...] = (
    (nothing_found_means_nothing_sent, {"task_state": False, "kinds": frozenset({"lost answers"})}, 1),
    (records_are_not_read, {"kinds": frozenset({"lost answers"})}, 0),
    (sending_is_not_recorded, {"kinds": frozenset({"lost answers"})}, 0),
    (attempts_are_not_fenced, {"task_state": False, "kinds": frozenset(), "hosts": 1, "pauses": 0.7, "kills": 0.0}, 1),
    (foreign_answers_count_as_refusals, {"kinds": frozenset({"final foreign answers after the effect"})}, 0),
    (
        map_indexes_do_not_know_each_other,
        {"kinds": frozenset({"order changed"}), "hosts": 1, "meetings": 3, "kills": 0.7, "storm_seconds": 7200.0},
        11,
    ),
    (any_answer_fits, {"kinds": frozenset({"lost answers"})}, 1),
    (answers_count_for_attempts_that_are_missing, {"task_state": False, "kinds": frozenset({"lost answers"})}, 4),
    (
        parking_is_not_recorded,
        {
            "task_state": False,
            "kinds": frozenset({"Gong's 429", "lost answers"}),
            "hosts": 2,
            "deferrable": True,
            "kills": 0.0,
        },
        16,
    ),
    (refusals_are_not_recorded, {"kinds": frozenset({"organizer"})}, 9),
    (beginning_counts_as_sending, {"kinds": frozenset()}, 4),
    (
        task_states_are_not_read,
        {"task_state": True, "kinds": frozenset({"restored disk", "lost answers"}), "hosts": 1},
        8,
    ),
    (outcomes_are_not_recorded, {"kinds": frozenset()}, 0),
)
