"""
A stateful local Gong: serves the official API on a local address, without a Gong tenant.

Requires the extra: ``pip install 'airflow-provider-gong[emulator]'``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_gong.emulator.faults import Fault
    from airflow_provider_gong.emulator.server.app import create_app
    from airflow_provider_gong.emulator.server.in_process import InProcessEmulator, in_process_emulator
    from airflow_provider_gong.emulator.server.running import RunningEmulator
    from airflow_provider_gong.emulator.server.serving import running_emulator
    from airflow_provider_gong.emulator.state import Emulator
    from airflow_provider_gong.emulator.world.clock import Clock, ManualClock, RealClock
    from airflow_provider_gong.emulator.world.settings import EmulatorSettings

__all__ = [
    "Clock",
    "Emulator",
    "EmulatorSettings",
    "Fault",
    "InProcessEmulator",
    "ManualClock",
    "RealClock",
    "RunningEmulator",
    "create_app",
    "in_process_emulator",
    "running_emulator",
]

# Loaded on first use, so that the command can explain a missing extra.
_MODULE_OF = {
    "Clock": "world.clock",
    "Emulator": "state",
    "EmulatorSettings": "world.settings",
    "Fault": "faults",
    "InProcessEmulator": "server.in_process",
    "ManualClock": "world.clock",
    "RealClock": "world.clock",
    "RunningEmulator": "server.running",
    "create_app": "server.app",
    "in_process_emulator": "server.in_process",
    "running_emulator": "server.serving",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
