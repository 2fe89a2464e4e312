"""What handlers get and give."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from airflow_provider_gong.emulator.state import Emulator


@dataclass(frozen=True)
class Reply:
    """An answer; the request id is added when it is sent."""

    body: Mapping[str, Any]
    status: int = 200


Handler = Callable[[Emulator, Request], Awaitable[Reply]]
