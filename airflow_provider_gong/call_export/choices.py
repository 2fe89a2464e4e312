"""The choices that an export is given, checked by the same code wherever they enter."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from airflow_provider_gong.call_export.errors import GongExportSettingsError

_Choice = TypeVar("_Choice", bound=StrEnum)


class FileFormat(StrEnum):
    """The format of the files of tables."""

    PARQUET = "parquet"
    JSONL = "jsonl"


class OnShrink(StrEnum):
    """What to do when so many calls are missing that the access key is the more likely reason."""

    FAIL = "fail"
    KEEP = "keep"
    ACCEPT = "accept"


def chosen(kind: type[_Choice], name: str, value: str) -> _Choice:
    """
    Return the choice that a text names.

    :param name: the parameter, for errors
    :raises GongExportSettingsError: if there is none
    """
    try:
        return kind(value)
    except ValueError as error:
        raise GongExportSettingsError(f"{name} must be one of {', '.join(kind)}, not {value!r}.") from error
