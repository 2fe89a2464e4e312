"""Choices for an export."""

from __future__ import annotations

from typing import Literal

from airflow_provider_gong._choices import Choice
from airflow_provider_gong.call_export.errors import GongExportSettingsError


class ExportChoice(Choice):
    """A choice of an export."""

    @staticmethod
    def error(wrong: str) -> GongExportSettingsError:
        """Return the error for a text that names no choice."""
        return GongExportSettingsError(wrong)


class FileFormat(ExportChoice):
    """File format of the exported tables."""

    PARQUET = "parquet"
    JSONL = "jsonl"


class OnShrink(ExportChoice):
    """What to do if so many calls are missing that the access key is the more likely reason."""

    FAIL = "fail"
    KEEP = "keep"
    ACCEPT = "accept"


# The same choices in the form that users write in a DAG, for type checkers.
FileFormatName = Literal["parquet", "jsonl"]
OnShrinkName = Literal["fail", "keep", "accept"]


def share_of_requests(parameter: str, value: object) -> float:
    """
    Return a share of the day's requests.

    :param parameter: name of the parameter, for the error
    :param value: its value
    :raises GongExportSettingsError: if it is not a number from 0 to 1
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise GongExportSettingsError(
            f"{parameter} must be a share of the day's requests, from 0 to 1, not {value!r}.",
            remedy="For example, 8 % is 0.08.",
        )
    return float(value)
