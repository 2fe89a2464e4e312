"""
What a task is about to send, on record before it is sent, for requests that must not be sent twice.

The record is kept under the task alone (DAG, task, run, map index), so a changed connection does not hide it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import conf
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.instructions import ReserveSlot, Send
from airflow_provider_gong.client.resources.methods import Driven, ThreadDriver
from airflow_provider_gong.hooks.process import host_store
from airflow_provider_gong.operators._tasks import executor_of_several_hosts, task_key
from airflow_provider_gong.operators.record.places import Place, TaskStateRecord
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.intents import Intent, IntentState, fingerprint_of

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context
    from airflow_provider_gong.client.clients import GongClient
    from airflow_provider_gong.client.instructions import Steps
    from airflow_provider_gong.client.requests import GongRequest, Listing
    from airflow_provider_gong.store.database import Store


class TaskRecord:
    """
    The record of what this attempt of a task is about to send.

    :param context: the task's context
    :param operation: Gong's name of the operation
    :param unique: whether map indexes of the same task and run must not send the same content
    :param was_parked: whether this attempt was allowed to send before it was deferred
    """

    def __init__(self, context: Context, operation: str, *, unique: bool = False, was_parked: bool = False) -> None:
        self._task_key = task_key(context)
        self._unique = unique
        self._mine = Intent(operation, max(int(context["ti"].try_number), 1))
        self._is_sure = was_parked or self._mine.try_number == 1
        self._places: list[Place] = []
        self._host_store_id = ""
        self._begin(context.get("task_state_store"))

    @property
    def known(self) -> Intent | None:
        """What an earlier attempt has sent, or may have; of several, what the last one has."""
        sent = [place.found for place in self._places if place.found and not place.found.state.may_send]
        return max(sent, key=lambda intent: (intent.try_number, intent.state is IntentState.DONE), default=None)

    @property
    def is_complete(self) -> bool:
        """Whether each earlier attempt that may have sent something is on record."""
        return self._is_sure or any(place.accounts_for(self._mine.try_number) for place in self._places)

    @property
    def token(self) -> str:
        """What a person names the earlier attempts by whose outcome is unknown."""
        known = self._last_known
        return known.attempt if known else self._unrecorded_token(self._mine.try_number)

    @property
    def mine(self) -> Intent:
        """What this attempt is about to send."""
        return self._mine

    def accepts(self, token: str) -> bool:
        """Return whether a token names the earlier attempt; without a record, the attempt that has shown it."""
        known = self._last_known
        return token == (known.attempt if known else self._unrecorded_token(self._mine.try_number - 1))

    def join(self, store: Store) -> None:
        """Look into the store of the connection as well, where what is sent will be recorded, too."""
        if store.id == self._host_store_id:
            return
        self._places.insert(0, self._store_place(store))
        self._look(self._places[0])

    def take_over(self) -> None:
        """
        Record that nothing was sent so far, in place of what was found.

        :raises GongAttemptReplacedError: if another attempt has taken over
        """
        for place in self._places:
            if place.present is None or place.present.attempt != self._mine.attempt:
                place.put(self._mine)

    def check_content(self, content: str) -> None:
        """
        Check that no other map index of the task and run has sent this content.

        :raises ContentTakenError: if one has
        """
        for place in self._places:
            place.keeper.check_content(content)

    def describe(self, *, content: str, company: str, about: str) -> None:
        """Say what will be sent: fingerprint of the content, company, and what to look for in Gong."""
        self._mine = dataclasses.replace(self._mine, content=content, company=company, about=about)

    def start_sending(self) -> None:
        """
        Record everywhere that the request is sent now. Nothing may be sent unless this succeeds.

        :raises GongAttemptReplacedError: if another attempt has taken over
        :raises ContentTakenError: if another map index has sent the same content
        :raises GongStoreError: if one of the places cannot be written
        """
        sending = dataclasses.replace(self._mine, state=IntentState.SENDING, sent_at=time.time())
        for number, place in enumerate(self._places, 1):
            try:
                place.put(sending)
            except GongError:
                # A place that fails may have recorded it all the same.
                for touched in self._places[:number]:
                    touched.put_if_possible(IntentState.REFUSED)
                raise

    def park(self) -> None:
        """
        Record that the attempt leaves this host before it has sent anything, and may send from another one.

        :raises GongAttemptReplacedError: if another attempt has taken over
        :raises GongStoreError: if that cannot be recorded
        """
        if executor_of_several_hosts() is None:
            return
        for place in self._places:
            if not place.is_shared:
                place.put(dataclasses.replace(self._mine, state=IntentState.PARKED))

    def refuse(self) -> None:
        """Record, where sending was recorded, that nothing was sent or that it had no effect."""
        for place in self._places:
            if place.present is not None and place.present.state is IntentState.SENDING:
                place.put_if_possible(IntentState.REFUSED, about=None)

    def complete(self, outcome: dict[str, Any], **changes: Any) -> bool:
        """Record the outcome of what was sent wherever that is possible, and return whether it was possible at all."""
        written = [place.put_if_possible(IntentState.DONE, outcome=outcome, **changes) for place in self._places]
        return any(written)

    def adopt(self, outcome: dict[str, Any]) -> Intent:
        """
        Record what a person has found out to be the outcome of the earlier attempt, and return that attempt's intent.

        :raises GongAttemptReplacedError: if another attempt has taken over
        """
        known = self._last_known or self._mine
        intent = dataclasses.replace(known, state=IntentState.DONE, outcome=outcome, about=None)
        for place in self._places:
            place.put(intent)
        return intent

    def _begin(self, task_state_store: Any) -> None:
        """Record the attempt in the place that is known before the connection is."""
        if task_state_store is not None:
            clears = conf.getboolean("state_store", "clear_on_success", fallback=False)
            self._enter(Place(TaskStateRecord(task_state_store), knows_all=not clears, is_shared=True))
            return
        # Where this host cannot keep a record, the connection has to name a database.
        with contextlib.suppress(GongStoreError):
            self._enter(self._host_place())

    def _host_place(self) -> Place:
        store = host_store()
        self._host_store_id = store.id
        return self._store_place(store)

    def _store_place(self, store: Store) -> Place:
        from airflow_provider_gong.store.intent_record import IntentRecord

        record = IntentRecord(store, self._task_key, unique=self._unique)
        return Place(record, knows_all=False, is_shared=store.is_server)

    def _enter(self, place: Place) -> None:
        self._places.append(place)
        self._look(place)
        # Where earlier attempts may be missing, the next one must not believe that this one has seen them all.
        if self.known is None and self.is_complete:
            place.put(self._mine)

    def _look(self, place: Place) -> None:
        place.look()
        is_last = self._is_sure or place.accounts_for(self._mine.try_number)
        if is_last and not place.is_shared and place.present and place.present.state is IntentState.SENDING:
            # For the next attempt here, this one is not missing.
            place.put_if_possible(IntentState.SENDING, try_number=self._mine.try_number)

    @property
    def _last_known(self) -> Intent | None:
        """What is known of earlier attempts, unless a later one of them may be missing."""
        return self.known if self.is_complete else None

    def _unrecorded_token(self, try_number: int) -> str:
        return fingerprint_of([self._task_key, try_number])[: len(self._mine.attempt)]


class RecordedApi(Driven[ThreadDriver]):
    """
    Gong's API, with what is sent on record.

    :param client: sends it
    :param record: the task's record
    """

    def __init__(self, client: GongClient, record: TaskRecord) -> None:
        self._client = client
        self._record = record

    @property
    def _driver(self) -> ThreadDriver:
        return self

    def steps(self, request: GongRequest[Any]) -> Steps[Any]:
        """Return the steps of sending a request, each sending recorded before it."""
        steps = self._client.steps(request)
        try:
            instruction = next(steps)
            while True:
                if isinstance(instruction, Send):
                    self._record.start_sending()
                elif isinstance(instruction, ReserveSlot) and not request.operation.repeatable:
                    # Such a request is sent again only if it had no effect.
                    self._record.refuse()
                try:
                    outcome = yield instruction
                except Exception as error:
                    instruction = steps.throw(error)
                else:
                    instruction = steps.send(outcome)
        except StopIteration as end:
            return end.value

    def perform(self, steps: Steps[Any]) -> Any:
        """Carry steps out."""
        return self._client.perform(steps)

    def iterate(self, listing: Listing[Any]) -> Any:
        """Yield the rows of a listing."""
        return self._client.iterate(listing)


def may_have_taken_effect(error: GongError, operation: str) -> bool:
    """
    Return whether a write that ended with this error may have taken effect.

    :param operation: Gong's name of the operation; other errors are not about it
    """
    return error.operation == operation and error.may_have_taken_effect
