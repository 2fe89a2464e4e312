"""What a plan that is being created says about its rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """
    The figures of a plan.

    :param rows: rows of the manifest
    :param planned: rows without problems
    :param already_imported: planned rows whose call some import has finished
    :param to_send: the other planned rows
    :param pulled: those to send whose recording Gong fetches
    :param bytes: length of all recordings that are to be uploaded
    :param warnings: warnings about the manifest and about planned rows
    """

    rows: int
    planned: int
    already_imported: int
    to_send: int
    pulled: int
    bytes: int
    warnings: int

    @property
    def rejected(self) -> int:
        """The rows with problems."""
        return self.rows - self.planned


@dataclass(frozen=True, slots=True)
class Repeated:
    """
    A row that repeats a value of an earlier row.

    :param position: place of the row in the draft
    :param first_number: number of the first row in its file
    :param first_file: file of the first row; empty for rows of a task
    :param file: the row's own file
    """

    position: int
    first_number: int
    first_file: str
    file: str
    client_unique_id: str
    media: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """
    A planned row whose recording may be the same as another row's.

    :param position: place of the row in the draft
    """

    position: int
    client_unique_id: str
    media: str
    media_bytes: int


@dataclass(frozen=True, slots=True)
class Unsent:
    """
    A planned row whose call is not finished by any import.

    :param position: place of the row in the draft
    :param actual_start: when its call started
    :param primary_user: Gong's id of the user who hosts it
    """

    position: int
    client_unique_id: str
    fingerprint: str
    actual_start: str
    primary_user: str
