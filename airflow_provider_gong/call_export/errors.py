"""What can end an export as a whole."""

from __future__ import annotations

from typing import ClassVar

from airflow_provider_gong.client.errors import GongError


class GongExportError(GongError):
    """
    An export cannot continue.

    :param message: what happened
    :param remedy: what to do about it
    """

    default_remedy: ClassVar[str] = ""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(" ".join(filter(None, (message, self.default_remedy if remedy is None else remedy))))


class GongExportSettingsError(GongExportError):
    """The settings of an export are wrong, or do not fit what its folder already holds."""

    retry_can_help = False


class GongExportShrinkError(GongExportError):
    """So many calls are missing that the access key is a more likely reason than deleted calls."""

    retry_can_help = False
    default_remedy = (
        "Check in Gong which calls the access key may see. If the calls were really deleted, run the export once with "
        'on_shrink="accept".'
    )


class GongExportStorageError(GongExportError):
    """The export's folder cannot be read or written, or a file in it is damaged."""
