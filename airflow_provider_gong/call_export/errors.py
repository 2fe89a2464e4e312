"""What can end an export as a whole."""

from __future__ import annotations

from airflow_provider_gong.client.errors import GongError


class GongExportError(GongError):
    """An export cannot continue; the message says what to do."""


class GongExportSettingsError(GongExportError):
    """The settings of an export are wrong, or do not fit what its folder already holds."""


class GongExportShrinkError(GongExportError):
    """Gong shows so much less than before that the access key is the likelier reason than deleted calls."""

    default_remedy = (
        "Check in Gong which calls the access key may see. If the calls were really deleted, run the export once with "
        'on_shrink="accept".'
    )


class GongExportStorageError(GongExportError):
    """The export's folder cannot be read or written, or a file in it is damaged."""
