"""What logs and reports may show of texts from outside."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_gong._text import batches, counted, duration, listed, local_time, shown, utc_time, without_secrets

ORDINARY = [
    "",
    "Dana Ortiz, München",
    "call #1?.wav",
    "/data/call?x=1.wav",
    "50%",
    "100%3D",
    "a\\b",
    "日本",
    "What? Yes: a=b",
    "key=value; tokens: 3",
    "the signature is missing",
    "dana@northwind.example.com",
    "mailto:dana@northwind.example.com",
    "sip:4711@pbx.example.com",
    '{"email":"dana@northwind.example.com"}',
    "meet 12:30@office",
    "C:\\calls\\dana@home.wav",
    "s3://aws_calls@recordings/a.wav",
    "s3://recordings/a:b/dana@home.wav",
    "http://127.0.0.1:8900/a@b.wav",
    "http://[::1]:8900/a@b.wav",
    "password: must be text",
    "token: is missing or 3 days old",
    "basic authentication-required",
    "C:\\users\\u0026.wav",
    "2026-11-20T03:14:09+01:00",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text
    assert shown(text.replace("\\", "/")) == text.replace("\\", "/")


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\x1b[31m", "\u2028", "\u202e", "\0", "\x85"])
def test_a_text_is_one_line_of_printable_signs(sign: str) -> None:
    line = shown(f"a{sign}b")
    assert line.isprintable()
    assert line.startswith("a\\")
    assert line.endswith("b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://files.example.com/a.wav?sig=secret&x=1", "https://files.example.com/a.wav"),
        ("https://files.example.com/a.wav?sig=a secret\nsecret", "https://files.example.com/a.wav"),
        ("HTTPS://files.example.com/a.wav?sig=secret", "HTTPS://files.example.com/a.wav"),
        ("https://dana:secret@files.example.com/a.wav", "https://files.example.com/a.wav"),
        ("s3://aws_calls@recordings/a.wav", "s3://aws_calls@recordings/a.wav"),
        ("s3://recordings/who?#1.wav", "s3://recordings/who?#1.wav"),
        ("cannot read 'https://h.example.com/a?secret' (403)", "cannot read 'https://h.example.com/a' (403)"),
        ("at https://h.example.com/a?secret and https://b.example.com?secret .", None),
        (" https://h.example.com/a?a secret", " https://h.example.com/a"),
    ],
)
def test_urls_are_shown_without_what_opens_them(text: str, expected: str | None) -> None:
    assert "secret" not in shown(text)
    assert expected in (None, shown(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b.s3.us-east-1.amazonaws.com/y.wav?X-Amz-Signature=hush", "b.s3.us-east-1.amazonaws.com/y.wav"),
        ("b.s3.example.com/y.wav?X-Amz-Date=1&X-Amz-Signature=hush&x=1", "b.s3.example.com/y.wav"),
        ("b.s3.example.com/y.wav?AWSAccessKeyId=hush&Signature=hush", "b.s3.example.com/y.wav"),
        ("storage.googleapis.com/b/y.wav?X-Goog-Signature=hush", "storage.googleapis.com/b/y.wav"),
        ("acct.blob.example.net/c/y.wav?sv=2022&sig=hu%2Fsh%3D&se=1", "acct.blob.example.net/c/y.wav?sv=2022"),
        ("cannot open y.wav;sig=hush (403)", "cannot open y.wav (403)"),
        ("at files.example.com/y.wav?x=1&Signature=hush .", "at files.example.com/y.wav?x=1 ."),
        ("files.example.com/y.wav%3FX-Amz-Signature%3Dhush", "files.example.com/y.wav"),
        ("files.example.com/y.wav%3fx%3d1%26sig%3dhush", "files.example.com/y.wav%3fx%3d1"),
        ("to b/y.wav%253FX-Amz-Signature%253Dhush %", "to b/y.wav %"),
        ("media.example.com/1.mp3?signature=hush hush", "media.example.com/1.mp3"),
        ("media.example.com/1.mp3#access_token=hush", "media.example.com/1.mp3"),
        ("access_token=hush", "access_token=***"),
        ("grant_type=refresh_token&refresh_token=hush&x=hush", "grant_type=refresh_token"),
        ("host=db.example.com password='hush hush' dbname=gong", "host=db.example.com password=*** dbname=gong"),
        ('answered {"access_token": "hush hush", "x": 1}', 'answered {"access_token": "***", "x": 1}'),
        ("answered {'client_secret':'hush'}", "answered {'client_secret':'***'}"),
        ('"{\\"token\\": \\"hush\\"}"', None),
        (
            "to b/y.wav\\u003fX-Amz-Date\\u003d1\\u0026X-Amz-Signature\\u003dhush .",
            "to b/y.wav .",
        ),
        ("at b/y.wav?user\\\\u003da\\\\u0026password\\\\u003dhush", None),
        ("postgresql://db/gong?user&#61;a&#38;password&#61;hush", None),
        ("password = hush", "password = ***"),
        ("X-Api-Key: hush-1234", "X-Api-Key: ***"),
        ("client_secret:hush5678", "client_secret:***"),
        ("at https%3A%2F%2Fdana%3Ahush%40files.example.com%2Fa", "at https%3A%2F%2Ffiles.example.com%2Fa"),
        ("s3%253a%252f%252fhush%2540bucket%252fa@b", "s3%253a%252f%252fbucket%252fa@b"),
        ("at postgresql://gong:hush\n  hush@db/gong", "at postgresql://db/gong"),
        ("Bearer%20eyJhbGciOi1.eyJz.c2lnhush", "Bearer%20***"),
        ("Basic+dXNlcjpodXNoMTIzNDU2", "Basic+***"),
        ("Bearer hushabcdEFGHijklMNOPqrst", "Bearer ***"),
        ("Authorization: Basic hush==", "Authorization: Basic ***"),
        ('{"Authorization": "Bearer hush"}', '{"Authorization": "***"}'),
        ("the header was Bearer hush-0123456789abcdef.x", "the header was Bearer ***"),
        ("bearer eyJhbGciOi1.eyJz.c2ln is expired", "bearer *** is expired"),
        ("use basic dXNlcjpodXNoMTIzNDU2 now", "use basic *** now"),
        ("cannot reach airflow:hush@db.example.com:5432", "cannot reach db.example.com:5432"),
        ("postgresql://airflow:hush@db.example.com/gong", "postgresql://db.example.com/gong"),
        ("postgresql://airflow:hu@sh@db.example.com/gong", "postgresql://db.example.com/gong"),
        ("ftp://dana:hu/sh@media.example.com/1.mp3", "ftp://media.example.com/1.mp3"),
        ("redis://:hush@cache.example.com/0", "redis://cache.example.com/0"),
        ("https://hush@git.example.com/a", "https://git.example.com/a"),
        ("'dana:hush@files.example.com/a'", "'files.example.com/a'"),
        ("https://a.example.com,https://dana:hush@b.example.com", "https://a.example.com,https://b.example.com"),
    ],
)
def test_secrets_are_found_without_a_scheme_and_encoded_too(text: str, expected: str | None) -> None:
    for secret in ("hush", "hu@", "hu/", "sh@", "hu%2F"):
        assert secret not in shown(text)
    assert expected in (None, shown(text))


_path = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z]{2,3})?(/[a-z0-9_-]{1,8}){1,3}\.wav", fullmatch=True)
_secret = st.from_regex(r"Q[A-Za-z0-9+/_%-]{5,40}Q={0,2}", fullmatch=True)
_in_query = st.sampled_from(
    ["X-Amz-Signature", "x-amz-credential", "X-Goog-Signature", "Signature", "sig", "token", "access_token", "apiKey"]
)
_around = st.sampled_from(
    [("", ""), ("cannot open ", ": 403 Forbidden"), ("at '", "' (403)"), ("<", ">"), ("\n", "\n")]
)
_delimiters = st.sampled_from(
    [("?", "="), (";", "="), ("?x=1&", "="), ("%3F", "%3D"), ("%3fx%3d1%26", "%3d"), ("#", "=")]
)


@given(path=_path, secret=_secret, name=_in_query, around=_around, delimiters=_delimiters)
def test_no_signature_is_shown_and_the_path_is(
    path: str, secret: str, name: str, around: tuple[str, str], delimiters: tuple[str, str]
) -> None:
    begin, equals = delimiters
    line = shown(f"{around[0]}{path}{begin}{name}{equals}{secret}{around[1]}")
    assert secret not in line
    assert path in line


@given(path=_path, around=_around, scheme=st.sampled_from(["", "https://", "s3://"]), secret=_secret)
def test_no_password_is_shown_and_the_host_is(path: str, around: tuple[str, str], scheme: str, secret: str) -> None:
    secret = secret.replace("/", "") if not scheme else secret
    line = shown(f"{around[0]}{scheme}dana.ortiz:{secret}@{path}{around[1]}")
    assert secret not in line
    assert f"{scheme}{path}" in line


@given(st.text())
def test_every_text_becomes_one_short_line(text: str) -> None:
    line = shown(text, 40)
    assert line.isprintable()
    assert len(line) <= 40


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"], exclude_characters="@=%?\\'\"")))
def test_prose_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


@given(st.lists(st.sampled_from(["a", ":", "/", "//", "@", "?", "&", "sig", "=", "%3F", " ", "'", '"', "http", "\n"])))
def test_what_is_hidden_once_needs_no_second_look(pieces: list[str]) -> None:
    once = without_secrets("".join(pieces))
    assert without_secrets(once) == once


PIECES = [
    *("://", "://:", ":", "://a?", "@", "a:@", "a:b@", "://a:", "://a:b@", " @", "/:@", "http://a@", "x:/"),
    *("?", "?sig", "?sig=", "&sig=x ", "sig='", 'sig="x', "%25", "%3F", "%", "%3Dsig%3D", "password=' "),
    *("a", "-", "a-", "é", " ", '"', 'a":', 'a" :', 'a"         :', "\\", '\\"', "Basic ", "a: Basic ", "\n"),
]


@pytest.mark.parametrize("prefix", ["", "x://", "http://a: sig="])
@pytest.mark.parametrize("piece", PIECES)
def test_the_longest_texts_are_shown_without_going_through_them_again_and_again(prefix: str, piece: str) -> None:
    text = prefix + piece * (100_000 // len(piece))
    started = time.process_time()
    assert len(shown(text)) <= 1000
    # The slowest takes a tenth of a second; by the square of the length it would be minutes.
    assert time.process_time() - started < 60


def test_long_texts_are_shortened() -> None:
    assert shown("x" * 1001) == "x" * 997 + "..."
    assert shown("x" * 10, 10) == "x" * 10
    assert len(shown("x" * 11, 10)) == 10


def test_things_are_counted() -> None:
    assert [counted(number, "row") for number in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]


def test_things_are_listed() -> None:
    assert [listed("column", names) for names in (["a"], ["a", "b"])] == ["column a", "columns a, b"]


def test_moments_are_read_in_the_zone_of_the_process_or_in_utc() -> None:
    moment = datetime(2026, 11, 20, 2, 14, 9, tzinfo=UTC).timestamp()
    assert datetime.fromisoformat(local_time(moment + 0.4)).timestamp() == moment
    assert utc_time(moment + 0.4) == "2026-11-20 02:14:09 UTC"


def test_durations_are_whole_seconds() -> None:
    assert [duration(seconds) for seconds in (0.4, 300, 176_400)] == ["0:00:00", "0:05:00", "2 days, 1:00:00"]


def test_batches_are_full_but_for_the_last() -> None:
    assert list(batches("abcde", 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(batches([], 2)) == []


@pytest.mark.parametrize("name", ["jwt", "hmac", "hdnea", "hdnts"])
def test_signatures_of_content_delivery_networks_are_cut_without_a_scheme(name: str) -> None:
    assert shown(f"files.example.com/a.wav?{name}=s3cret") == "files.example.com/a.wav"
