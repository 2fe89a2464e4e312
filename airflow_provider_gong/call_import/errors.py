"""Errors that end a whole import. Problems of single rows are in the ledger."""

from __future__ import annotations

from airflow_provider_gong.client.errors import GongError


class GongImportError(GongError):
    """An import cannot continue. The message says what to do."""


class GongImportSettingsError(GongImportError, ValueError):
    """A parameter of the import is none of its choices."""

    retry_can_help = False


class GongManifestError(GongImportError):
    """The manifest as a whole cannot be read."""

    retry_can_help = False


class GongImportRejectedError(GongImportError):
    """Rows were rejected, and ``on_rejected`` is ``stop``."""

    retry_can_help = False


class GongImportFailedError(GongImportError):
    """More rows are wrong than allowed, or rows are unfinished."""

    retry_can_help = False


class GongImportUnfinishedError(GongImportError):
    """
    The import has to wait for longer than a task should occupy a worker; its state is saved, and a retry resumes it.

    :param retry_after: seconds until it makes sense to continue
    """

    retry_after: float

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
