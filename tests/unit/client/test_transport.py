"""Token requests, over real sockets. The transports of the API are tested with the drivers."""

from __future__ import annotations

import base64

import pytest

from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.instructions import NoAnswer, NotSent
from airflow_provider_gong.client.transport import post_form
from tests.unit.client.misbehaving_server import (
    Behaviour,
    MisbehavingServer,
    answers,
    answers_json,
    misbehaving_server,
    resets_after_reading,
    stalls,
    unused_url,
)

DONE = {"access_token": "a"}
SECRET = "s3cret"
ENCODED_SECRET = base64.b64encode(f"KEY:{SECRET}".encode()).decode()


def test_form_travels_through_the_proxy_with_its_credentials(server: MisbehavingServer) -> None:
    server.script.append(answers_json(200, DONE))
    answer = post_form("http://gong.example.com/oauth2/x", {"a": "b c"}, ("KEY", SECRET), proxy=server.url)
    assert isinstance(answer, Answer)
    assert answer.json() == DONE
    (received,) = server.received
    assert received.line == "POST http://gong.example.com/oauth2/x HTTP/1.1"
    assert received.headers["authorization"] == f"Basic {ENCODED_SECRET}"
    assert received.body == b"a=b+c"


def test_form_follows_no_redirect(server: MisbehavingServer) -> None:
    with misbehaving_server() as other:
        server.script.append(answers(307, b"", Location=f"{other.url}/oauth2/x"))
        answer = post_form(f"{server.url}/oauth2/x", {}, ("KEY", SECRET))
        assert isinstance(answer, Answer)
        assert (answer.status, other.connections) == (307, 0)


@pytest.mark.parametrize("behaviour", [resets_after_reading, stalls], ids=["reset", "stalls"])
def test_form_whose_answer_is_lost_may_have_arrived(server: MisbehavingServer, behaviour: Behaviour) -> None:
    server.script.append(behaviour)
    assert isinstance(post_form(f"{server.url}/x", {}, ("KEY", SECRET), timeout=0.15), NoAnswer)


def test_form_that_nobody_took_was_never_sent() -> None:
    assert isinstance(post_form(f"{unused_url()}/x", {}, ("KEY", SECRET)), NotSent)
