"""The choices of an import."""

from __future__ import annotations

from typing import Literal

from airflow_provider_gong._choices import Choice
from airflow_provider_gong.call_import.errors import GongImportSettingsError


class ImportChoice(Choice):
    """A choice of an import, which a template may render when the task runs."""

    @staticmethod
    def error(wrong: str) -> GongImportSettingsError:
        """Return the error for a text that names no choice."""
        return GongImportSettingsError(wrong)


class MediaMode(ImportChoice):
    """How recordings get to Gong: uploaded (push), fetched by Gong (pull), or fetched if Gong can reach them (auto)."""

    PUSH = "push"
    PULL = "pull"
    AUTO = "auto"


class OnRejected(ImportChoice):
    """Whether the upload starts if some rows were rejected."""

    CONTINUE = "continue"
    STOP = "stop"


class OnExisting(ImportChoice):
    """What happens if Gong already has a call with a row's ``clientUniqueId``."""

    RESUME = "resume"
    SKIP = "skip"
    FAIL = "fail"
    COMPLETE = "complete"


class EventOn(ImportChoice):
    """Which imports publish an asset event: only successful ones, or all that have finished."""

    SUCCESS = "success"
    END = "end"


# The same choices in the form that users write in a DAG, for type checkers.
MediaModeName = Literal["push", "pull", "auto"]
OnRejectedName = Literal["continue", "stop"]
OnExistingName = Literal["resume", "skip", "fail", "complete"]
EventOnName = Literal["success", "end"]
