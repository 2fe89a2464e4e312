"""What goes wrong on purpose."""

from airflow_provider_gong.emulator.faults.rules import Fault, FaultRules

__all__ = ["Fault", "FaultRules"]
