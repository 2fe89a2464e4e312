from __future__ import annotations

import base64

import pytest

from airflow_provider_gong.client.auth import AccessKeyAuth, BearerAuth


class Tokens:
    """A source that numbers its tokens."""

    def __init__(self) -> None:
        self.number = 1
        self.refused: list[str] = []

    def token(self) -> str:
        return f"token-{self.number}"

    def refresh(self, refused: str) -> None:
        self.refused.append(refused)
        self.number += 1


def test_access_key_travels_as_basic_authentication() -> None:
    auth = AccessKeyAuth("KEY", "s3cret:ünïcode")
    scheme, token = auth.header().split(" ")
    assert scheme == "Basic"
    assert base64.b64decode(token).decode() == "KEY:s3cret:ünïcode"
    assert auth.basic_token == token


def test_access_key_cannot_be_refreshed() -> None:
    auth = AccessKeyAuth("KEY", "s3cret")
    assert not auth.refreshable
    with pytest.raises(NotImplementedError):
        auth.refresh(auth.header())


def test_plain_token_travels_as_bearer_and_cannot_be_refreshed() -> None:
    auth = BearerAuth(" t0ken\n")
    assert auth.header() == "Bearer t0ken"
    assert not auth.refreshable
    with pytest.raises(NotImplementedError):
        auth.refresh(auth.header())


def test_source_is_asked_for_each_header_and_told_which_token_was_refused() -> None:
    tokens = Tokens()
    auth = BearerAuth(tokens)
    assert auth.refreshable
    refused = auth.header()
    auth.refresh(refused)
    assert tokens.refused == ["token-1"]
    assert auth.header() == "Bearer token-2"


@pytest.mark.parametrize("auth", [AccessKeyAuth("KEY", "s3cret"), BearerAuth("s3cret")])
def test_secret_is_in_no_text_of_the_object(auth: AccessKeyAuth | BearerAuth) -> None:
    encoded = base64.b64encode(b"KEY:s3cret").decode()
    for text in (repr(auth), str(auth), f"{auth}", f"{[auth]}"):
        assert "s3cret" not in text
        assert encoded not in text
