"""The files of a manifest, opened one after the other, in the format given by their names."""

from __future__ import annotations

import contextlib
import gzip
import io
import posixpath
import re
import tempfile
import zlib
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from typing import IO, Any
from urllib.parse import urlsplit

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.csv_files import csv_table
from airflow_provider_gong.call_import.manifest.manifest import Table
from airflow_provider_gong.call_import.manifest.parquet import parquet_table
from airflow_provider_gong.call_import.manifest.patterns import PATTERN_SIGNS, FilePattern
from airflow_provider_gong.call_import.manifest.records import jsonl_table
from airflow_provider_gong.call_import.media import is_failure_of_store, is_web, reading_error, similar_place

_JSON_LINES = (".jsonl", ".ndjson", ".json")
_PARQUET = (".parquet", ".pq")
_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd")
# Files that Spark and Hadoop write next to the data, such as _SUCCESS.
_NO_DATA = ("_", ".")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_HEAD = 8
_JSON_HEAD = re.compile(rb'(?:\xef\xbb\xbf)?(?:\[\s*)?\{\s*"')
LARGEST_COPY = 1024**3
"""Bytes of a compressed Parquet file once it is decompressed."""

_CHUNK = 1024 * 1024
# Compressed bytes at a time, which may become 128 KiB for each four.
_ZSTD_PIECE = 1024
_SAVE = "Save it as CSV in UTF-8 (in Excel: CSV UTF-8)."
# Files that are passed by mistake instead of a manifest, by their first bytes.
_EXPORT = "Export it as CSV, JSON Lines or Parquet."
_COMPRESS = "Compress it with gzip or Zstandard."
_OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive", _SAVE),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old format", _SAVE),
    (b"PAR1", "a Parquet file", "Give it a name that ends with .parquet."),
    (b"\xff\xfe", "text in UTF-16", _SAVE),
    (b"\xfe\xff", "text in UTF-16", _SAVE),
    (b"BZh", "not in UTF-8 but compressed with bzip2", _COMPRESS),
    (b"\xfd7zXZ", "not in UTF-8 but compressed with xz", _COMPRESS),
    (b"\x04\x22\x4d\x18", "not in UTF-8 but compressed with LZ4", _COMPRESS),
    (b"\xff\x06\0\0sNaP", "not in UTF-8 but compressed with Snappy", _COMPRESS),
    (b"Obj\x01", "an Avro file", _EXPORT),
    (b"ORC", "an ORC file", _EXPORT),
    (b"ARROW1", "an Arrow file", _EXPORT),
    (b"SQLite f", "a SQLite database", _EXPORT),
    (b"%PDF", "a PDF document", _EXPORT),
    (b"{\\rtf", "a text document", _SAVE),
    (b"<", "XML or HTML, such as a web page", "Export it as CSV or JSON Lines."),
)


def find_files(names: Iterable[str], open_path: Callable[[str], Any]) -> list[str]:
    """
    Return the files for names; the files of a pattern are sorted by name.

    :param names: paths, URLs or patterns with ``*``, ``?`` and ``[...]``; an existing file with such a name is not a
        pattern
    :param open_path: creates the path object
    :raises GongManifestError: if a pattern matches nothing, or a folder cannot be listed
    :raises GongImportError: if the object storage cannot be used
    """
    found: dict[str, None] = {}
    for name in names:
        found |= dict.fromkeys([name] if not _has_pattern(name) else _matches(name, open_path))
    return list(found)


def read_files(
    names: Sequence[str], open_path: Callable[[str], Any], *, may_be_empty: bool = False
) -> Generator[Table, None, None]:
    """
    Yield the content of each file, including files compressed with gzip or Zstandard.

    Formats are CSV, JSON Lines (``.jsonl``, ``.ndjson``, ``.json``) and Parquet (``.parquet``, ``.pq``).

    :param names: paths or URLs
    :param open_path: creates the path object
    :param may_be_empty: whether a single empty file counts as one without rows, as it always does among several
    :raises GongManifestError: if a file cannot be read
    :raises GongImportError: if its object storage cannot be used
    """
    for name in names:
        try:
            file = open_path(name).open("rb")
        except IsADirectoryError as error:
            raise GongManifestError(
                f"Manifest {shown(name)} is a folder. Give a pattern for its files, such as "
                f"{shown(name.rstrip('/'))}/*.csv."
            ) from error
        except Exception as error:
            similar = None if is_failure_of_store(error) else similar_place(name, open_path)
            hint = f". Did you mean {shown(similar)}?" if similar else ""
            raise reading_error(f"Manifest {shown(name)} cannot be read", error, hint) from error
        with contextlib.ExitStack() as opened:
            try:
                table = _table(opened.enter_context(file), name, opened)
            except (OSError, EOFError, zlib.error) as error:
                raise reading_error(f"Manifest {shown(name)} cannot be read", error) from error
            if table is not None:
                yield replace(table, file=name)
            elif not may_be_empty and len(names) == 1:
                raise GongManifestError(f"Manifest {shown(name)} is empty. It needs at least a header line.")


def _table(file: IO[bytes], name: str, opened: contextlib.ExitStack) -> Table | None:
    """Return the content of a file, None if it is empty; everything opened for it is closed with ``opened``."""
    content = _decompressed(file, name)
    head = _head(content)
    suffix, safe_name = _suffix(name), shown(name)
    if not head:
        return None
    if suffix in _PARQUET:
        return parquet_table(content if content is file else opened.enter_context(_copied(content, name)), safe_name)
    _check_format(head, name)
    if suffix not in _JSON_LINES and _JSON_HEAD.match(head):
        raise GongManifestError(
            f"Manifest {safe_name} is JSON, not CSV. Give it a name that ends with .jsonl, with one object per line."
        )
    lines = opened.enter_context(io.TextIOWrapper(content, encoding="utf-8-sig", newline=""))
    return jsonl_table(lines, safe_name) if suffix in _JSON_LINES else csv_table(lines, safe_name)


def _suffix(name: str) -> str:
    # In an object store, "?" and "#" are ordinary characters.
    path = urlsplit(name).path if is_web(name) else name
    stem, suffix = posixpath.splitext(path.lower())
    return posixpath.splitext(stem)[1] if suffix in _COMPRESSED else suffix


def _head(file: Any) -> bytes:
    if hasattr(file, "peek"):
        return bytes(file.peek(_HEAD)[:_HEAD])
    head = file.read(_HEAD)
    file.seek(0)
    return bytes(head)


def _decompressed(file: IO[bytes], name: str) -> IO[bytes]:
    head = _head(file)
    if head.startswith(_GZIP):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if not head.startswith(_ZSTD):
        return file
    try:
        import zstandard
    except ImportError as error:
        raise GongManifestError(
            f"Manifest {shown(name)} is compressed with Zstandard, which needs zstandard: "
            "pip install 'airflow-provider-gong[zstd]'."
        ) from error
    return io.BufferedReader(_ZstdContent(file, zstandard.ZstdDecompressor().decompressobj, zstandard.ZstdError))


class _ZstdContent(io.RawIOBase):
    """
    The content of a file that is compressed with Zstandard.

    The library's own reader takes a file that is cut off for a whole one.

    :param file: the compressed file
    :param new_frame: creates the decompressor of a frame
    :param zstd_error: what it raises if the file is damaged
    """

    def __init__(self, file: IO[bytes], new_frame: Callable[[], Any], zstd_error: type[Exception]) -> None:
        self._file = file
        self._new_frame = new_frame
        self._zstd_error = zstd_error
        self._frame = new_frame()
        self._is_inside = False
        self._content = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """
        Fill the buffer as far as possible, and return how many bytes are in it.

        :raises EOFError: if the file is cut off
        :raises OSError: if it is damaged
        """
        while not self._content:
            piece = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame = self._new_frame()
            piece = piece or self._file.read(_ZSTD_PIECE)
            if not piece:
                if self._is_inside:
                    raise EOFError("Compressed file ended before the end of its last frame")
                return 0
            try:
                self._content = memoryview(self._frame.decompress(piece))
            except self._zstd_error as error:
                raise OSError(str(error)) from error
            self._is_inside = not self._frame.eof
        size = min(len(buffer), len(self._content))
        buffer[:size], self._content = self._content[:size], self._content[size:]
        return size


def _copied(content: IO[bytes], name: str) -> IO[bytes]:
    """
    Return content as a file that can be read from its end.

    :raises GongManifestError: if it is too large for the worker's disk
    """
    with contextlib.ExitStack() as opened:
        copy = opened.enter_context(tempfile.TemporaryFile())
        while chunk := content.read(_CHUNK):
            if copy.tell() + len(chunk) > LARGEST_COPY:
                raise GongManifestError(
                    f"Manifest {shown(name)} is a compressed Parquet file of more than {LARGEST_COPY} bytes, which is "
                    "more than the worker copies to its disk. Decompress it, since Parquet compresses its own columns."
                )
            copy.write(chunk)
        copy.seek(0)
        # Closed by the caller.
        opened.pop_all()
    return copy


def _check_format(head: bytes, name: str) -> None:
    for start, what, remedy in _OTHERS:
        if head.removeprefix(b"\xef\xbb\xbf").startswith(start):
            raise GongManifestError(f"Manifest {shown(name)} is {what}, not CSV or JSON Lines. {remedy}")
    if len(head) > 1 and not (any(head[1::2]) and any(head[::2])):
        raise GongManifestError(f"Manifest {shown(name)} is text in UTF-16, not CSV or JSON Lines in UTF-8. {_SAVE}")


def _has_pattern(name: str) -> bool:
    # The part after the question mark in a web address is its signature.
    return not is_web(name) and not PATTERN_SIGNS.isdisjoint(name)


def _matches(name: str, open_path: Callable[[str], Any]) -> list[str]:
    try:
        if open_path(name).exists():
            return [name]
        pattern = FilePattern(name, open_path)
        found = sorted(pattern.files())
        pattern.forget()
    except Exception as error:
        raise reading_error(f"Manifest {shown(name)} cannot be read", error) from error
    if not found:
        raise GongManifestError(f"Manifest {shown(name)} matches no file. Correct the pattern, or wait for the files.")
    return [place for place in found if not posixpath.basename(place).startswith(_NO_DATA)]
