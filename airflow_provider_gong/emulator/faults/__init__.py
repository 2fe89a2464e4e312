"""Injected faults."""

from airflow_provider_gong.emulator.faults.rules import (
    FOREIGN_ANSWERS,
    Fault,
    FaultRules,
    foreign_answer,
    read_rule,
)

__all__ = ["FOREIGN_ANSWERS", "Fault", "FaultRules", "foreign_answer", "read_rule"]
