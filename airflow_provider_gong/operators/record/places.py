"""Where the record of a task is kept."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.intents import Intent, IntentState

log = logging.getLogger(__name__)

_KEY = "gong_intent"


class GongAttemptReplacedError(GongError):
    """Another attempt of the task has taken over."""

    def __init__(self) -> None:
        super().__init__("Another attempt of this task has taken over, so this one sent nothing.")


class Keeper(Protocol):
    """What reads and writes the record in one place."""

    def find(self) -> Intent | None:
        """Return what is recorded."""

    def replace(self, found: Intent | None, by: Intent) -> bool:
        """Record an intent, unless what was found has been replaced meanwhile; return whether it is recorded."""

    def check_content(self, content: str) -> None:
        """Check that no other map index of the task and run is known to have sent this content."""


class TaskStateRecord:
    """
    The record in Airflow's task state store (3.3 and later), which all hosts see.

    Airflow answers an attempt that it has replaced with "not found", and refuses what that attempt writes.

    :param accessor: the ``task_state_store`` of the task's context
    """

    def __init__(self, accessor: Any) -> None:
        self._accessor = accessor

    def find(self) -> Intent | None:
        """
        Return what is recorded.

        :raises GongStoreError: if it cannot be read
        """
        with _task_state_errors("read"):
            found = self._accessor.get(_KEY)
            return None if found is None else Intent.of_json(found)

    def replace(self, found: Intent | None, by: Intent) -> bool:
        """
        Record an intent.

        :raises GongStoreError: if Airflow does not accept it, as from an attempt that it has replaced
        """
        from airflow_provider_gong._compat import NEVER_EXPIRE

        with _task_state_errors("written"):
            self._accessor.set(_KEY, by.as_json(), retention=NEVER_EXPIRE)
        return True

    def check_content(self, content: str) -> None:
        """Do nothing: Airflow does not show a task what others have stored."""


@dataclass(slots=True)
class Place:
    """
    One of the places that the record is kept in.

    :param keeper: reads and writes it
    :param knows_all: whether each attempt that has sent something is on record here
    :param is_shared: whether all hosts see it
    :param found: what an earlier attempt has left
    :param present: what is there now, as far as this attempt knows
    """

    keeper: Keeper
    knows_all: bool
    is_shared: bool
    found: Intent | None = None
    present: Intent | None = None

    def look(self) -> None:
        """Find what an earlier attempt has left."""
        self.found = self.present = self.keeper.find()

    def put(self, intent: Intent) -> None:
        """
        Record an intent, unless another attempt has taken over.

        :raises GongAttemptReplacedError: if one has
        """
        if not self.keeper.replace(self.present, intent):
            raise GongAttemptReplacedError
        self.present = intent

    def put_if_possible(self, state: IntentState, **changes: Any) -> bool:
        """Record another state of what is there, and return whether that was possible."""
        if self.present is None:
            return False
        try:
            self.put(dataclasses.replace(self.present, state=state, **changes))
        except GongError as error:
            log.warning("The record of this task could not be updated (%s): %s", state.value, error)
            return False
        return True

    def accounts_for(self, try_number: int) -> bool:
        """Return whether no attempt before this one can have sent anything without a record that this place shows."""
        if self.knows_all or self.found is None:
            return self.knows_all
        # What another host has recorded since is not seen in the store of this one.
        is_last = self.found.try_number >= try_number - 1 and self.found.state is not IntentState.PARKED
        return self.is_shared or is_last


@contextlib.contextmanager
def _task_state_errors(action: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise GongStoreError(
            f"The record of this task cannot be {action} in Airflow's task state store: {shown(str(error))}. Airflow "
            "refuses access to attempts that were replaced by a newer one."
        ) from error
