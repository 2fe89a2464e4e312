"""The check of a recording: whether Gong would keep it, according to its content and never by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from airflow_provider_gong.call_import.media import error_code, is_failure_of_store
from airflow_provider_gong.call_import.recordings import flac, wav
from airflow_provider_gong.call_import.recordings.findings import (
    MAX_BYTES,
    NO_SOUND,
    UNKNOWN,
    CutOffError,
    Length,
    UnusableRecordingError,
    too_short,
)
from airflow_provider_gong.call_import.recordings.marks import UNMARKED, Mark, digest_of
from airflow_provider_gong.call_import.recordings.matroska import matroska
from airflow_provider_gong.call_import.recordings.mp4 import mp4
from airflow_provider_gong.call_import.recordings.mpeg import mp3
from airflow_provider_gong.call_import.recordings.mpeg.tags import skip_id3
from airflow_provider_gong.call_import.recordings.reading import Reader, ReadLimitError, open_for_reading
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.ledger.rows import Actor, Problem

_FIELD = "media"
_HEAD_BYTES = 16
_UNREADABLE = "Check the path and the permissions of the Airflow worker."
_ARCHIVED = "Restore the recording from the store's archive, then clear the plan task."
# Error codes of Amazon S3 (Glacier) and Azure Blob Storage.
_ARCHIVES = frozenset({"InvalidObjectState", "BlobArchived"})
# Gong refuses other types for some of these (sound in an MP4 container), observed on live tenants.
_WAV = "audio/wav"
_MP3 = "audio/mpeg"
_MP4 = "audio/mp4"
_FLAC = "audio/flac"


@dataclass(frozen=True, slots=True)
class Recording:
    """
    A recording that may be sent.

    :param size: length in bytes
    :param content_type: MIME type of its content
    :param length: length of its sound
    :param mark: mark by which changes are detected until it is sent
    """

    size: int
    content_type: str
    length: Length
    mark: Mark = UNMARKED

    @property
    def seconds(self) -> float | None:
        """Length of its sound; None if it is not known exactly."""
        return self.length.seconds


def check_recording(text: str, open_path: Callable[[str], MediaPath]) -> Recording | Problem:
    """
    Return the properties of a recording, or why Gong would not keep it.

    :param text: path or URL
    :param open_path: creates the path object
    :raises Exception: what its object store raises if it fails or cannot be reached
    """
    try:
        path = open_path(text)
        found = path.stat()
        size = found.st_size
        if size == 0:
            return _problem(text, "is an empty file", "Export the recording again.")
        if size > MAX_BYTES:
            return _problem(text, f"has {size} bytes, more than Gong's 1.5 GB", "Compress or split the recording.")
        with open_for_reading(path) as file:
            reader = Reader(file, size)
            recording = read_recording(reader)
            digest = digest_of(reader, file)
        return replace(recording, mark=Mark.of(found, digest))
    except UnusableRecordingError as found:
        return replace(_problem(text, found.rule, found.remedy), is_final=found.is_final)
    except FileNotFoundError:
        return _problem(text, "does not exist", "Correct the path, or add the recording.")
    except Exception as error:
        if is_failure_of_store(error):
            raise
        rule = f"cannot be read ({type(error).__name__}: {error})"
        return _problem(text, rule, _ARCHIVED if error_code(error) in _ARCHIVES else _UNREADABLE)


def read_recording(reader: Reader) -> Recording:
    """
    Return the properties of a recording.

    :raises UnusableRecordingError: if Gong would not keep it
    """
    content_type, measure = _kind(reader)
    try:
        length = measure()
    except ReadLimitError:
        # Gong decides.
        length = UNKNOWN
    if length.at_most == 0:
        raise CutOffError(NO_SOUND)
    if length.is_enough is False:
        raise too_short(length)
    return Recording(reader.size, content_type, length)


def _kind(reader: Reader) -> tuple[str, Callable[[], Length]]:
    head = reader.at(0, _HEAD_BYTES)
    if wav.is_wav(head):
        return _WAV, lambda: wav.measure(reader)
    if mp4.is_mp4(head):
        return _MP4, lambda: mp4.measure(reader)
    if matroska.is_matroska(head):
        return matroska.content_type(reader), lambda: matroska.measure(reader)
    start = skip_id3(reader, 0)
    if flac.is_flac(reader.at(start, _HEAD_BYTES)):
        return _FLAC, lambda: flac.measure(reader, start)
    return _MP3, lambda: mp3.measure(reader, start, reader.size)


def _problem(text: str, rule: str, remedy: str) -> Problem:
    return Problem(_FIELD, text, rule, remedy, Actor.RECORDING)
