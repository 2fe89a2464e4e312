"""What logs and reports may show of texts from outside."""

from __future__ import annotations

import pytest

from airflow_provider_gong._text import shown


@pytest.mark.parametrize(
    "text", ["", "Dana Ortiz, München", "call #1?.wav", "/data/call?x=1.wav", "50%", "a\\b", "日本"]
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


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
        ("cannot read 'https://h.example.com/a?secret' (403)", "cannot read 'https://h.example.com/a' (403)"),
        ("at https://h.example.com/a?secret and https://b.example.com?secret .", None),
    ],
)
def test_urls_are_shown_without_what_opens_them(text: str, expected: str | None) -> None:
    assert "secret" not in shown(text)
    assert expected in (None, shown(text))


@pytest.mark.parametrize("signs", ["://", "://:", ":", "://a?"])
def test_the_longest_texts_are_shown_without_going_through_them_again_and_again(signs: str) -> None:
    assert len(shown("x://" + signs * 300_000)) <= 1000


def test_long_texts_are_shortened() -> None:
    assert shown("x" * 1001) == "x" * 997 + "..."
    assert shown("x" * 10, 10) == "x" * 10
    assert len(shown("x" * 11, 10)) == 10
