"""What can be chosen about an emulated company, at start and while it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

MEDIA_LIMIT_BYTES = 1_500_000_000


@dataclass(frozen=True, kw_only=True)
class EmulatorSettings:
    """Settings of one emulated Gong company.

    :param access_key: the access key that is let in.
    :param access_key_secret: its secret.
    :param requests_per_second: the company's limit over a sliding second; 0 switches it off.
    :param requests_per_day: the company's limit over a rolling 24 hours; 0 switches it off.
    :param processing_seconds: how long a call is processed after its media arrived.
    :param seed: the same seed gives the same users, workspaces, calls and ids.
    :param key_sees_calls: ``False`` for a key without call visibility, which finds every list empty.
    :param duplicate_status: status of a repeated ``clientUniqueId``; reports disagree on 400 and 409.
    :param duplicate_media_text: whether the error for known media names the other call (``detailed``) or
        is only ``Bad request`` (``bare``); both were observed.
    :param not_ready_status: status of "is not ready yet" while a call is processed.
    :param media_limit_bytes: the largest recording that is taken.
    :param meetings_released: ``False`` for a company without the limited release of meetings (403).
    :param consent_page_enabled: ``False`` for a company whose recording consent page is off.
    """

    access_key: str = "gong-emulator-key"
    access_key_secret: str = "gong-emulator-secret"  # noqa: S105 (the published default of a local emulator)
    requests_per_second: int = 3
    requests_per_day: int = 10_000
    processing_seconds: float = 240.0
    seed: int = 1
    key_sees_calls: bool = True
    duplicate_status: Literal[400, 409] = 400
    duplicate_media_text: Literal["detailed", "bare"] = "detailed"
    not_ready_status: int = 404
    media_limit_bytes: int = MEDIA_LIMIT_BYTES
    meetings_released: bool = True
    consent_page_enabled: bool = True

    def __post_init__(self) -> None:
        _check_non_negative(self, "requests_per_second", "requests_per_day", "media_limit_bytes")
        _check_choice("duplicate_status", self.duplicate_status, (400, 409))
        _check_choice("duplicate_media_text", self.duplicate_media_text, ("detailed", "bare"))
        for name in ("key_sees_calls", "meetings_released", "consent_page_enabled"):
            _check_choice(name, getattr(self, name), (True, False))
        if not _is_number(self.processing_seconds) or not 0 <= self.processing_seconds < math.inf:
            raise ValueError(f"processing_seconds must be a number from 0, not {self.processing_seconds!r}")
        if not _is_integer(self.not_ready_status) or not 400 <= self.not_ready_status <= 599:
            raise ValueError(f"not_ready_status must be an HTTP error status, not {self.not_ready_status!r}")

    def changed(self, changes: Mapping[str, Any]) -> EmulatorSettings:
        """Return these settings with some changed.

        :raises ValueError: for a setting that does not exist, is fixed once the emulator runs, or a wrong value.
        """
        changeable = {field.name for field in fields(self)} - {"access_key", "access_key_secret", "seed"}
        unknown = sorted(set(changes) - changeable)
        if unknown:
            raise ValueError(f"cannot be set: {', '.join(unknown)}; can be set: {', '.join(sorted(changeable))}")
        return replace(self, **changes)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_non_negative(settings: EmulatorSettings, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not _is_integer(value) or value < 0:
            raise ValueError(f"{name} must be an integer from 0, not {value!r}")


def _check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    # Compared with the type, because 1 == True.
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}")
