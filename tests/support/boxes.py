"""Boxes of MP4 files, put together by hand."""

from __future__ import annotations

import struct


def box(kind: bytes, *content: bytes, long: bool = False, size: int | None = None) -> bytes:
    """
    Return a box.

    :param long: whether its size takes 64 bits
    :param size: what it says of its size, if that is not true
    """
    body = b"".join(content)
    if long:
        return struct.pack(">I4sQ", 1, kind, len(body) + 16 if size is None else size) + body
    return struct.pack(">I4s", len(body) + 8 if size is None else size, kind) + body


def full(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def numbers(*values: int) -> bytes:
    """Return numbers of 32 bits."""
    return struct.pack(f">{len(values)}I", *(value & 0xFFFFFFFF for value in values))


FTYP = box(b"ftyp", b"M4A \0\0\2\0isom")


def track(
    seconds: float,
    *,
    number: int = 1,
    handler: bytes = b"soun",
    timescale: int = 8000,
    edits: tuple[tuple[int, int], ...] = (),
    chunks: tuple[int, ...] = (),
    codec: bytes = b"mp4a",
    samples: tuple[tuple[int, int], ...] | None = None,
    sizes: int | None = None,
    long: bool = False,
) -> bytes:
    """
    Return a track whose samples last this long.

    :param edits: durations in milliseconds, and where they begin in units of the track
    :param chunks: places of its data
    :param samples: how many last how long, in units of the track; default: all last equally long
    :param sizes: how many samples have a size; default: none are listed
    :param long: whether times take 64 bits
    """
    units = round(seconds * timescale)
    if samples is None:
        samples = ((units // 1000, 1000),) if units else ()
    entries = (numbers(duration, begin, 0x10000) for duration, begin in edits)
    long_entries = (struct.pack(">Qqi", duration, begin, 0x10000) for duration, begin in edits)
    elst = full(b"elst", numbers(len(edits)), *(long_entries if long else entries), version=int(long))
    edts = box(b"edts", elst) if edits else b""
    long_times = struct.pack(">QQIQI", 0, 0, timescale, units, 0)
    stbl = box(
        b"stbl",
        full(b"stsd", numbers(1), box(codec, bytes(28))),
        full(b"stts", numbers(len(samples)), *(numbers(*entry) for entry in samples)),
        b"" if sizes is None else full(b"stsz", numbers(0, sizes), numbers(9) * sizes),
        full(b"co64", numbers(len(chunks)), *(struct.pack(">Q", place) for place in chunks))
        if long
        else full(b"stco", numbers(len(chunks), *chunks)),
    )
    mdia = box(
        b"mdia",
        full(b"mdhd", long_times, version=1) if long else full(b"mdhd", numbers(0, 0, timescale, units, 0)),
        full(b"hdlr", numbers(0), handler, bytes(13)),
        box(b"minf", stbl),
    )
    return box(
        b"trak",
        full(
            b"tkhd", *((bytes(16), numbers(number)) if long else (numbers(0, 0, number),)), bytes(64), version=int(long)
        ),
        edts,
        mdia,
    )


def movie(*tracks: bytes, duration: float = 0) -> bytes:
    """Return the head of a movie, which counts milliseconds."""
    return box(b"moov", full(b"mvhd", numbers(0, 0, 1000, round(duration * 1000)), bytes(80)), *tracks)


def fragmented(*tracks: bytes, announced: float | None = None, default: int = 1024) -> bytes:
    """Return the head of a movie of fragments; ``default`` is how long a sample lasts that does not say so."""
    mehd = full(b"mehd", numbers(round(announced * 1000))) if announced is not None else b""
    trex = (full(b"trex", numbers(place + 1, 1, default, 0, 0)) for place in range(len(tracks)))
    return movie(*tracks, box(b"mvex", mehd, *trex))


def fragment(
    samples: int, *, begin: int | None = None, number: int = 1, units: int | None = None, data: int = 2000
) -> bytes:
    """
    Return a fragment.

    :param begin: when it begins, in units of the track
    :param units: how long each sample lasts, said by each; default: not said
    :param data: bytes of the samples
    """
    tfdt = full(b"tfdt", numbers(begin)) if begin is not None else b""
    flags = 0x1 if units is None else 0x301
    each = b"" if units is None else numbers(units, 9) * samples
    traf = box(b"traf", full(b"tfhd", numbers(number)), tfdt, full(b"trun", numbers(samples, 0), each, flags=flags))
    return box(b"moof", full(b"mfhd", numbers(1)), traf) + box(b"mdat", b"\x21" * data)


def segment_index(*segments: tuple[int, int], number: int = 1, timescale: int = 8000, begin: int = 0) -> bytes:
    """Return an index of segments that begin at a time: bytes and units of each."""
    references = (numbers(size, units, 0x90000000) for size, units in segments)
    return full(b"sidx", numbers(number, timescale, begin, 0), struct.pack(">HH", 0, len(segments)), *references)


def access_index(*fragments: tuple[int, int], number: int = 1) -> bytes:
    """Return an index for the end of the file: begin and place of each fragment."""
    entries = (numbers(begin, place) + b"\1\1\1" for begin, place in fragments)
    tfra = full(b"tfra", numbers(number, 0, len(fragments)), *entries)
    return box(b"mfra", tfra, full(b"mfro", numbers(len(tfra) + 24)))
