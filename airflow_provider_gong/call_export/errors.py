"""Errors that end a whole export."""

from __future__ import annotations

from typing import ClassVar

from airflow_provider_gong.client.errors import GongError


class GongExportError(GongError):
    """
    The export cannot continue.

    :param message: what happened
    :param remedy: what to do about it
    """

    default_remedy: ClassVar[str] = ""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(" ".join(filter(None, (message, self.default_remedy if remedy is None else remedy))))


class GongExportSettingsError(GongExportError, ValueError):
    """The export's settings are wrong, or do not match what its folder already contains."""

    retry_can_help = False


class GongExportShrinkError(GongExportError):
    """So many calls are missing that the access key is a more likely reason than deletions."""

    retry_can_help = False
    default_remedy = (
        "Check in Gong which calls the access key may see. If the calls were really deleted, run the export once with "
        'on_shrink="accept".'
    )


class GongExportStorageError(GongExportError):
    """The export's folder cannot be read or written, or contains a damaged file."""
