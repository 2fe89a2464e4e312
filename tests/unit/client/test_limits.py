"""Limits of size and time, with both clients and over real sockets: nobody in Gong's place can exhaust a worker."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from airflow_provider_gong.client import transport
from airflow_provider_gong.client.answers import Answer, error_from_answer
from airflow_provider_gong.client.errors import (
    GongAnswerTooLargeError,
    GongApiError,
    GongConnectionError,
    GongForeignAnswerError,
    GongOutcomeUnknownError,
    GongServerError,
    GongTimeoutError,
    GongValidationError,
)
from airflow_provider_gong.client.exchange import ExchangePolicy
from airflow_provider_gong.client.media import MediaFile
from airflow_provider_gong.client.requests import Listing, Pages, raw_request
from airflow_provider_gong.client.resources.calls import upload_call_media
from tests.unit.client.misbehaving_server import (
    MisbehavingServer,
    answers,
    answers_json,
    answers_slowly,
    drips,
    reads_slowly,
    response,
    streams,
)
from tests.unit.client.test_clients import GONG, MEETING, READ, Driver, drive, ok, sending

__all__ = ["drive"]

DONE = {"requestId": "4al018gzaztcr8nbukw"}
ONCE = ExchangePolicy(max_attempts=1)
MIB = 2**20


# Time


@pytest.mark.parametrize(
    "data",
    [b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 2000, response(200, json.dumps({**DONE, "x": "x" * 2000}).encode())],
    ids=["head", "body"],
)
def test_answer_that_comes_byte_by_byte_ends_at_the_deadline(
    server: MisbehavingServer, drive: Driver, data: bytes
) -> None:
    server.script.append(drips(data))
    began = time.monotonic()
    error = drive(server.url, sending(READ), deadline=0.5, policy=ONCE).failed_with(GongTimeoutError)
    assert time.monotonic() - began < 60
    assert "no complete response within 0 s" in str(error) or "within 1 s" in str(error)


def test_deadline_leaves_the_outcome_of_a_meeting_open(server: MisbehavingServer, drive: Driver) -> None:
    server.script.append(drips(response(201, b"x" * 2000)))
    drive(server.url, sending(MEETING), deadline=0.5).failed_with(GongOutcomeUnknownError)


def test_answer_that_comes_slowly_and_in_time_is_read(server: MisbehavingServer, drive: Driver) -> None:
    server.script.append(drips(response(200, json.dumps(DONE).encode()), every=0.002))
    assert drive(server.url, sending(READ)).result == DONE


def sparse(folder: Path, size: int) -> MediaFile:
    path = folder / "call.wav"
    with path.open("wb") as file:
        file.truncate(size)
    return MediaFile.at(path)


def test_deadline_grows_with_the_recording(tmp_path: Path) -> None:
    for size, seconds in ((0, 60), (64 * 1024, 61), (1_500_000_000, 60 + 1_500_000_000 / 65_536)):
        request = upload_call_media("1", sparse(tmp_path, size))
        assert transport.ThreadTransport(GONG)._seconds(request) == pytest.approx(seconds)
    assert transport.ThreadTransport(GONG)._seconds(READ) == 60


@pytest.mark.slow
def test_recording_over_a_slow_line_is_sent(server: MisbehavingServer, drive: Driver, tmp_path: Path) -> None:
    """It takes much longer than an attempt without a recording may, and is not given up."""
    server.script.append(answers_slowly(0.02, 201, {**DONE, "callId": "1"}))
    began = time.monotonic()
    request = upload_call_media("1", sparse(tmp_path, 16 * MIB))
    assert drive(server.url, sending(request), deadline=0.3, policy=ONCE).result.call_id == "1"
    assert time.monotonic() - began > 1


@pytest.mark.slow
def test_recording_over_a_line_that_stands_still_ends_at_the_deadline(
    server: MisbehavingServer, drive: Driver, tmp_path: Path
) -> None:
    server.script.append(reads_slowly(0.05))
    media = sparse(tmp_path, 20 * MIB)
    threads = threading.active_count()
    began = time.monotonic()
    sent = drive(server.url, sending(upload_call_media("1", media)), deadline=0.5 - 320, policy=ONCE)
    assert sent.failed_with(GongTimeoutError).may_have_taken_effect
    assert time.monotonic() - began < 60
    # What was sent in a thread stops at its next piece.
    while threading.active_count() > threads + 1 and time.monotonic() - began < 60:
        server.over.wait(0.05)
    assert threading.active_count() <= threads + 1


# Size


def bomb(size: int) -> bytes:
    # Blocks that refer to nothing before them are equal, so one of each kind is enough.
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    first, other = (squeeze.compress(b" " * MIB) + squeeze.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return response(200, first + other * (size // MIB - 1) + squeeze.flush(), Content_Encoding="gzip")


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(streams(bomb(512 * MIB), b"", 0), id="a bomb of gzip"),
        pytest.param(
            streams(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b" " * MIB, 100), id="a body of 1 GB"
        ),
    ],
)
def test_larger_answers_are_not_read(server: MisbehavingServer, drive: Driver, behaviour: Any) -> None:
    server.script.append(behaviour)
    tracemalloc.start()
    try:
        error = drive(server.url, sending(READ)).failed_with(GongAnswerTooLargeError)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "the response is larger than 64 MiB" in str(error)
    # The same request would get the same answer.
    assert len(server.received) == 1
    assert peak < 220 * MIB


def test_answers_may_be_compressed(server: MisbehavingServer, drive: Driver) -> None:
    server.script.append(answers(200, gzip.compress(json.dumps(DONE).encode()), Content_Encoding="gzip"))
    assert drive(server.url, sending(READ)).result == DONE
    assert server.received[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_an_error_in_an_encoding_that_cannot_be_read_is_judged_by_its_status(
    server: MisbehavingServer, drive: Driver, encoding: str
) -> None:
    server.script.append(answers(403, b"?", Content_Encoding=encoding, X_TraceId="4al018gzaztcr8nbukw"))
    error = drive(server.url, sending(READ)).failed_with(GongForeignAnswerError)
    assert (error.status, len(server.received)) == (403, 1)


def test_other_encodings_were_not_asked_for(server: MisbehavingServer, drive: Driver) -> None:
    server.script.append(answers(200, b"?", Content_Encoding="br"))
    error = drive(server.url, sending(READ), policy=ONCE).failed_with(GongConnectionError)
    assert "encoded as br" in str(error)


def test_json_may_not_be_deep(server: MisbehavingServer, drive: Driver) -> None:
    server.script.append(answers(200, b'{"requestId": "1", "x": ' + b"[" * 200_000))
    drive(server.url, sending(READ), policy=ONCE).failed_with(GongConnectionError)
    server.script.append(answers(400, b'{"errors": ' + b"[" * 200_000))
    drive(server.url, sending(READ), policy=ONCE).failed_with(GongConnectionError)


def test_url_that_nobody_can_ask_for_is_the_callers_mistake(drive: Driver) -> None:
    request = raw_request("listCalls", query={"workspaceId": "1" * 100_000})
    drive(GONG, sending(request), transport=httpx.MockTransport(lambda _: ok())).failed_with(GongValidationError)


# Texts


def error_of(content: dict[str, Any], status: int = 400) -> GongApiError:
    return error_from_answer("addCall", Answer(status, {}, json.dumps(content).encode()))


def test_long_texts_are_cut() -> None:
    for errors in (["x" * 20_000_000], ["word " * 100] * 10_000):
        began = time.process_time()
        text = str(error_of({**DONE, "errors": errors}))
        assert 10_000 < len(text) < 20_000
        assert time.process_time() - began < 60


@pytest.mark.parametrize("field", ["errors", "userFacingError", "fixUrl", "requestId"])
def test_texts_neither_forge_lines_nor_give_secrets_away(field: str) -> None:
    url = "https://bucket.example.com/1.wav?X-Amz-Signature=s3cr3t"
    nasty = f"\x1b[31mdone\n2026-11-20 INFO All is well. {url} user:hunter2@example.com"
    error = error_of({**DONE, field: [nasty] if field == "errors" else nasty})
    for text in (str(error), repr(vars(error)), "".join(map(str, vars(error).values()))):
        assert "s3cr3t" not in text
        assert "hunter2" not in text
        assert "\n" not in text
        assert "\x1b" not in text
    assert error_of({**DONE, "errors": [nasty, {"a": nasty}, 7, None]}).errors


def test_words_of_the_network_are_shown_safely(server: MisbehavingServer, drive: Driver) -> None:
    def says_nonsense(_: MisbehavingServer, connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(b"\x1b[31mNo HTTP\n" + b"x" * 100_000)

    server.script.append(says_nonsense)
    error = drive(server.url, sending(READ), policy=ONCE).failed_with(GongConnectionError)
    assert len(str(error)) < 1000
    assert str(error).isprintable()


# Listings


LISTING = Listing(raw_request("listCalls"), item=lambda row: row)


def page(rows: list[Any], cursor: Any) -> dict[str, Any]:
    return {**DONE, "calls": rows, "records": {"cursor": cursor}}


def read(listing: Listing[Any], answer_page: Callable[[int], Any], limit: int = 50) -> tuple[int, GongApiError | None]:
    """Read a listing and return how many pages were asked for, and how it ended."""
    pages, asked = Pages(listing), 0
    try:
        while pages.request is not None and asked < limit:
            asked += 1
            pages.take(answer_page(asked))
    except GongServerError as error:
        return asked, error
    return asked, None


def test_listing_that_goes_in_circles_ends_with_an_error() -> None:
    asked, error = read(LISTING, lambda number: page([{"id": str(number)}], "AB"[number % 2]))
    assert asked == 3
    assert "would never end" in str(error)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(lambda number: [], id="no rows"),
        pytest.param(lambda number: [{"id": "1", "url": str(number)}], id="the same call"),
        pytest.param(lambda number: [{"metaData": {"id": "1"}, "url": str(number)}], id="the same call in detail"),
        pytest.param(lambda number: [{"userId": "1"}], id="the same row"),
    ],
)
def test_listing_without_news_ends_with_an_error(rows: Any) -> None:
    asked, error = read(LISTING, lambda number: page(rows(number), f"cursor-{number}"))
    assert asked in (3, 4)
    assert "no new rows in 3 pages" in str(error)


def test_listing_with_news_on_each_third_page_is_read() -> None:
    last = 40
    asked, error = read(
        LISTING,
        lambda number: page(
            [{"id": str(number // 3)}, {"id": str(number // 3)}], None if number == last else f"cursor-{number}"
        ),
    )
    assert (asked, error) == (last, None)


@pytest.mark.parametrize("cursor", ["x" * 5_000_000, {"a": 1}, ["a"], 7, True, "\n", "a\0b", "ä"])
@pytest.mark.parametrize("operation", ["listCalls", "listCallsExtensive"])
def test_cursor_that_is_none_is_an_error(operation: str, cursor: Any) -> None:
    asked, error = read(Listing(raw_request(operation), item=lambda row: row), lambda _: page([{"id": "1"}], cursor))
    assert asked == 1
    assert "cursor that is not in the format" in str(error)
    assert len(str(error)) < 1000


@pytest.mark.parametrize("records", [["a"], "a", 7])
def test_records_that_are_no_object_are_an_error(records: Any) -> None:
    _, error = read(LISTING, lambda _: {**DONE, "calls": [], "records": records})
    assert error is not None


@pytest.mark.parametrize("rows", [{"a": 1}, "ab", 7, True])
def test_rows_that_are_no_list_are_an_error(rows: Any) -> None:
    _, error = read(LISTING, lambda _: {**DONE, "calls": rows})
    assert "not in the format" in str(error)


def test_both_clients_stop_reading_a_listing_that_never_ends(server: MisbehavingServer, drive: Driver) -> None:
    server.script.extend(answers_json(200, page([], f"cursor-{number}")) for number in range(10))

    def work(client: Any) -> Any:
        rows = client.run_all("listCalls")
        return list(rows) if hasattr(rows, "__next__") else rows

    drive(server.url, work).failed_with(GongServerError)
    assert len(server.script) == 7


def test_an_event_loop_is_not_held_up_by_a_cancelled_request(server: MisbehavingServer) -> None:
    server.script.append(drips(response(200, b"x" * 2000)))

    async def cancel() -> None:
        from airflow_provider_gong.client import AccessKeyAuth, AsyncGongClient

        async with AsyncGongClient(server.url, AccessKeyAuth("KEY", "SECRET")) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.send(READ)

    asyncio.run(cancel())
