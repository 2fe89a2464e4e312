"""What a test asks of an emulator that answers, and does to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from airflow_provider_gong.emulator.access.request_log import LogFilter
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.web.actions import (
    add_faults,
    add_to_company,
    change_call,
    change_settings,
    change_user,
    hide,
)
from airflow_provider_gong.emulator.web.views import company_state, history, requests_logged

Result = TypeVar("Result")


class RunningEmulator:
    """
    An emulator that answers, with what a test wants from it.

    :ivar url: the base URL, without a path
    :ivar access_key: the access key that is let in
    :ivar access_key_secret: its secret
    :ivar client_id: the OAuth client that may fetch tokens
    :ivar client_secret: its secret
    """

    def __init__(self, url: str, emulator: Emulator, run: Callable[[Callable[[], Any]], Any]) -> None:
        self.url = url
        self.access_key = emulator.settings.access_key
        self.access_key_secret = emulator.settings.access_key_secret
        self.client_id = emulator.settings.client_id
        self.client_secret = emulator.settings.client_secret
        self._emulator = emulator
        self._run = run

    def connection(self, **extra: Any) -> dict[str, Any]:
        """
        Return the Airflow connection to the emulator, ready for JSON.

        :param extra: its Extra, e.g. ``timezone="Europe/Berlin"``
        """
        return {
            "conn_type": "gong",
            "host": self.url,
            "login": self.access_key,
            "password": self.access_key_secret,
            "extra": extra,
        }

    def state(self) -> dict[str, Any]:
        """Return what ``GET /_emulator/state`` answers."""
        return self._in_loop(lambda: company_state(self._emulator))

    def requests(self, operation: str | None = None, *, after: int = 0, bodies: bool = False) -> list[dict[str, Any]]:
        """
        Return the request log, oldest first, as ``GET /_emulator/requests`` does.

        :param operation: only requests for this operation
        :param after: only requests with a higher ``number``
        :param bodies: whether the beginnings of the bodies are wanted
        """
        wanted = LogFilter(operation=operation, after=after)
        return self._in_loop(lambda: requests_logged(self._emulator, wanted, bodies=bodies))

    def set(self, **settings: Any) -> None:
        """
        Change settings, see :class:`EmulatorSettings`.

        :raises ValueError: for an unknown setting or a wrong value
        """
        self._in_loop(lambda: change_settings(self._emulator, settings))

    def advance(self, seconds: float) -> None:
        """Move the emulator's time forward."""
        self._in_loop(lambda: self._emulator.clock.advance(seconds))

    def run_at(self, speed: float) -> None:
        """Let the emulator's time run at a speed: emulated seconds in a real one."""
        self._in_loop(lambda: self._emulator.clock.run_at(speed))

    def change_user(self, email_address: str, **changes: Any) -> None:
        """
        Change a user, e.g. ``telephonyCallsImported=True``; the names are those of ``POST /_emulator/users``.

        :raises ValueError: when there is no such user, or a field cannot be changed
        """
        self._in_loop(lambda: change_user(self._emulator, {"emailAddress": email_address, **changes}))

    def change_call(self, client_unique_id: str, **changes: Any) -> None:
        """
        Let something happen to a call: ``title``, ``started``, ``isPrivate``, ``analyzed_again``, ``deleted``.

        :param changes: with ``in_seconds`` it happens later by the emulator's clock, also to a call that has yet to
            appear
        :raises ValueError: when there is no such call, or something else cannot happen
        """
        self._in_loop(lambda: change_call(self._emulator, {"clientUniqueId": client_unique_id, **changes}))

    def history(self) -> list[dict[str, Any]]:
        """Return what happened to calls by now besides requests, oldest first."""
        return self._in_loop(lambda: history(self._emulator))

    def seed(self, company: Mapping[str, Any]) -> None:
        """
        Add users and calls, as described or generated, e.g. ``{"generate": {"calls": 1000}}``.

        :raises ValueError: when the description is wrong
        """
        self._in_loop(lambda: add_to_company(self._emulator, company))

    def authorize(self, scope: str = "") -> dict[str, Any]:
        """
        Return OAuth tokens, as after a technical administrator has agreed.

        :param scope: scopes, separated by spaces; all when it is empty
        """
        return self._in_loop(lambda: self._emulator.grants.authorize(scope))

    def add_faults(self, *rules: Fault) -> None:
        """
        Put fault rules in force.

        :raises ValueError: for an operation that the emulator does not serve
        """
        self._in_loop(lambda: add_faults(self._emulator, rules))

    def clear_faults(self) -> None:
        """Put all fault rules out of force."""
        self._in_loop(self._emulator.faults.clear)

    def hide(self, **blindness: Any) -> None:
        """
        Let keys see nothing, or nothing of a workspace, as the names of ``POST /_emulator/visibility`` say.

        :raises ValueError: when a field is wrong, or there is no such workspace
        """
        self._in_loop(lambda: hide(self._emulator, blindness))

    def show_again(self) -> None:
        """Let all keys see everything again."""
        self._in_loop(self._emulator.visibility.clear)

    def reset(self) -> None:
        """Go back to the seeded company and the settings of the start."""
        self._in_loop(self._emulator.reset)

    def _in_loop(self, action: Callable[[], Result]) -> Result:
        result: Result = self._run(action)
        return result
