"""The choices that an import is given."""

from __future__ import annotations

from typing import Literal

from airflow_provider_gong._choices import Choice


class MediaMode(Choice):
    """Who moves the recordings: we push them, Gong pulls them, or Gong pulls those that it can reach."""

    PUSH = "push"
    PULL = "pull"
    AUTO = "auto"


class OnRejected(Choice):
    """Whether the upload starts while some rows were rejected."""

    CONTINUE = "continue"
    STOP = "stop"


class OnExisting(Choice):
    """What becomes of a row whose ``clientUniqueId`` has a call in Gong already."""

    RESUME = "resume"
    SKIP = "skip"
    FAIL = "fail"
    COMPLETE = "complete"


class EventOn(Choice):
    """Which imports have an asset event: green ones, or all that have ended."""

    SUCCESS = "success"
    END = "end"


# The same choices as users write them in a DAG, for type checkers.
MediaModeName = Literal["push", "pull", "auto"]
OnRejectedName = Literal["continue", "stop"]
OnExistingName = Literal["resume", "skip", "fail", "complete"]
EventOnName = Literal["success", "end"]
