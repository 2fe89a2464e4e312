"""Explains the outcome of a row to the people who can fix it."""

from __future__ import annotations

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import (
    GongApiError,
    GongDuplicateCallError,
    GongDuplicateMediaError,
    GongRecordingNotEnabledError,
    GongServerError,
    GongValidationError,
)
from airflow_provider_gong.ledger.rows import Actor, LeasedRow, Problem

_MEDIA_OPERATION = "addCallRecording"


def is_burned(error: GongApiError) -> bool:
    """Return whether Gong itself refused the recording of a created call, which is permanent."""
    return error.operation == _MEDIA_OPERATION and not error.may_have_taken_effect


def refusal_problem(lease: LeasedRow, error: GongApiError) -> Problem:
    """Return the problem for a row that Gong refused."""
    if isinstance(error, GongRecordingNotEnabledError):
        host = str(lease.payload.get("primaryUser"))
        return Problem("primary_user", host, str(error), "", Actor.ADMINISTRATOR)
    if isinstance(error, GongDuplicateMediaError):
        return _duplicate_media(lease, error)
    if error.operation == _MEDIA_OPERATION:
        return Problem(
            "media",
            file_name(lease),
            str(error),
            "Compare the recording with what Gong accepts.",
            Actor.RECORDING,
        )
    who = Actor.MANIFEST if isinstance(error, GongValidationError) else Actor.SUPPORT
    return Problem("row", lease.client_unique_id, str(error), "", who)


def existing_problem(lease: LeasedRow, error: GongDuplicateCallError) -> Problem:
    """Return the problem for a row whose id already has a call."""
    rule = f"already belongs to call {error.call_id}, which this import did not create (on_existing='fail')"
    remedy = "If it is the same conversation, there is nothing to do. Otherwise, give the row a unique id."
    return Problem("client_unique_id", lease.client_unique_id, rule, remedy, Actor.MANIFEST)


def unreadable_problem(lease: LeasedRow, error: OSError) -> Problem:
    """Return the problem for a recording that can no longer be read or has changed."""
    rule = f"cannot be read ({type(error).__name__}: {error})"
    remedy = "Restore the recording and clear the upload task, or clear the plan task to check it again."
    return Problem("media", file_name(lease), rule, remedy, Actor.RECORDING)


def server_problem(lease: LeasedRow, error: GongServerError) -> Problem:
    """Return the problem for a row on which Gong failed repeatedly."""
    return Problem("row", lease.client_unique_id, str(error), "", Actor.SUPPORT)


def file_name(lease: LeasedRow) -> str:
    """Return the recording's place without a signature in it."""
    return shown(lease.media or "")


def _duplicate_media(lease: LeasedRow, error: GongDuplicateMediaError) -> Problem:
    other = f"call {error.call_id}" if error.call_id else "another call"
    rule = f"is the same recording as that of {other}, and Gong stores each recording only once"
    remedy = "Check which of the two calls the recording belongs to. This call stays in Gong without a recording."
    return Problem("media", file_name(lease), rule, remedy, Actor.RECORDING)
