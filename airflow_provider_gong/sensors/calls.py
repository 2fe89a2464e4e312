"""Sensors for calls."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_provider_gong._choices import flag
from airflow_provider_gong._compat import (
    AirflowException,
    AirflowFailException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)
from airflow_provider_gong._operator import GongOperator, required_gong_id
from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import GongApiError, GongError
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.links import GongCallLink, push_call_url
from airflow_provider_gong.retries import fail_without_retry
from airflow_provider_gong.triggers.events import GongTriggerEventError

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context

# Observed on live tenants: Gong accepts such recordings and drops them silently.
_WHY_A_CALL_STAYS_AWAY = (
    "Likely reasons, most frequent first: the recording is shorter than 60 seconds; there is no speech in it; the "
    "same recording was uploaded to another call; call import is turned off for the host; the access key may not "
    "see this call; Gong needs more time, which can take hours when many calls are queued."
)
# The trigger times out first because it has Gong's last response.
_TRIGGER_GRACE = timedelta(minutes=5)


class GongCallNotProcessedError(GongError, AirflowFailException):
    """A deferred sensor could not read the call in time. The task is not retried, as with other sensors."""

    retry_can_help = False


class GongCallSensorError(GongError, AirflowFailException):
    """Waiting for a call ended with an error that waiting cannot fix."""

    retry_can_help = False


class GongCallProcessedSensor(GongOperator, BaseSensorOperator):
    """
    Wait until Gong has processed an uploaded call (``GET /v2/calls/{id}``).

    Gong may drop a recording after accepting it: a call was imported only if it can be read. While Gong is processing
    it, the call is "not ready yet" or "not found", so the sensor waits in both cases. Each read takes one request of
    the company's budget.

    Returns the call, and adds a link to it to the task.

    :param call_id: Gong's id of the call, as text (templated)
    :param gong_conn_id: Airflow connection of type ``gong`` (templated)
    :param deferrable: wait in the triggerer instead of on a worker
    :param poke_interval: seconds between two reads (a parameter of all sensors)
    :param timeout: seconds after which to give up (a parameter of all sensors)
    :raises AirflowFailException: if the connection or the call's id is wrong
    :raises GongCallNotProcessedError: after the timeout, if deferred; otherwise Airflow's own sensor timeout is raised
    """

    template_fields = ("call_id", "gong_conn_id")
    operator_extra_links = (GongCallLink(),)

    def __init__(
        self,
        *,
        call_id: str,
        gong_conn_id: str = GongHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.call_id = call_id
        self.gong_conn_id = gong_conn_id
        self.deferrable = flag("deferrable", deferrable)
        self._last_answer = ""

    def execute(self, context: Context) -> Any:
        """Wait for the call, on the worker or in the triggerer."""
        with fail_without_retry():
            call_id = required_gong_id("call_id", self.call_id)
        if self.deferrable:
            self._defer(call_id)
        try:
            return super().execute(context)
        except AirflowException as error:
            # Airflow's own timeout error, or the skip caused by soft_fail, does not say why.
            if self._last_answer:
                error.args = (f"{error} {_deadline_text(self.call_id, self._last_answer)}",)
            raise

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Read the call once."""
        self._last_answer = ""
        with fail_without_retry(), GongHook(self.gong_conn_id) as hook:
            try:
                call = hook.calls.get(required_gong_id("call_id", self.call_id))
            except GongApiError as error:
                if not error.retry_can_help:
                    raise
                self._last_answer = str(error)
                self.log.info("Call %s cannot be read yet: %s", shown(self.call_id), error)
                return False
        return PokeReturnValue(True, self._found(context, call.model_dump(mode="json", exclude_none=True)))

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Return the call that the trigger has read, or fail with its message."""
        match event:
            case {"status": "processed", "call": dict() as call}:
                return self._found(context, call)
            case {"status": "timeout", "message": str() as message}:
                raise GongCallNotProcessedError(_deadline_text(self.call_id, message))
            case {"status": "error", "error": str() as kind, "message": str() as message}:
                raise GongCallSensorError(f"{kind}: {message}")
        raise GongTriggerEventError(f"call {self.call_id}", event)

    def _defer(self, call_id: str) -> NoReturn:
        from airflow_provider_gong.triggers.calls import GongCallProcessedTrigger

        end_time = time.time() + self.timeout
        self.defer(
            trigger=GongCallProcessedTrigger(self.gong_conn_id, call_id, end_time, self.poke_interval),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout) + _TRIGGER_GRACE,
        )

    def _found(self, context: Context, call: dict[str, Any]) -> dict[str, Any]:
        self.log.info("Gong has processed call %s.", shown(self.call_id))
        push_call_url(context, call.get("url"))
        return call


def _deadline_text(call_id: str, last_answer: str) -> str:
    return f"Call {call_id} could not be read in time. The last response was: {last_answer} {_WHY_A_CALL_STAYS_AWAY}"
