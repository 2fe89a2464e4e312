"""Injected faults."""

from airflow_provider_gong.emulator.faults.foreign import FOREIGN_ANSWERS, foreign_answer, read_rule
from airflow_provider_gong.emulator.faults.rules import Fault, FaultRules

__all__ = ["FOREIGN_ANSWERS", "Fault", "FaultRules", "foreign_answer", "read_rule"]
