"""Errors about the events of triggers."""

from __future__ import annotations

from airflow_provider_gong._compat import AirflowException
from airflow_provider_gong.client.errors import GongError


class GongTriggerEventError(GongError, AirflowException):
    """
    A trigger sent an event that this version of the package does not know.

    :param waiting: what waited for the event
    :param event: the event
    """

    def __init__(self, waiting: str, event: object) -> None:
        super().__init__(f"The trigger of {waiting} sent an unknown event: {event!r}")
