"""What Gong does with recordings in practice: the observations 4, 5 and 7 to 9 of test_behaviour.py."""

from __future__ import annotations

import math
import random

import httpx
import pytest

from .conftest import Api, errors_of, outcome, wav, wav_of


@pytest.mark.parametrize("text", ["detailed", "bare"])
def test_04_content_stays_taken_for_the_account_also_after_an_erasure(text: str) -> None:
    api = Api(duplicate_media_text=text)
    parties = [{"userId": api.user_id()}, {"emailAddress": "dana@northwind.example.com"}]
    first = api.processed_call("pbx-1", parties=parties)
    erased = api("POST", "/v2/data-privacy/erase-data-for-email-address?emailAddress=dana@northwind.example.com")
    api.advance(3_600)
    assert erased.status_code == 200
    assert api("GET", f"/v2/calls/{first}").status_code == 404

    again = api.upload(api.add_call("pbx-2"), wav(90))

    known = "A media file with the same content has been uploaded in the past. callID with the same content: "
    assert outcome(again) == (400, ["Bad request"] if text == "bare" else [f"{known}{first}"])
    assert "has already been posted for the call" in api("POST", "/v2/calls", json=api.new_call("pbx-1")).text


def test_05_second_media_on_a_call_has_already_been_handled(api: Api) -> None:
    call_id = api.add_call()
    api.upload(call_id, wav(90))
    again = api.upload(call_id, wav(90, seed=2))
    assert again.status_code == 400
    assert "has already been handled" in errors_of(again)[0]


def test_07_media_is_multipart_in_a_part_of_one_name(api: Api) -> None:
    call_id = api.add_call()
    raw = api("PUT", f"/v2/calls/{call_id}/media", content=wav(90), headers={"content-type": "audio/wav"})
    misnamed = api("PUT", f"/v2/calls/{call_id}/media", files={"media": ("a.wav", wav(90))})
    assert (raw.status_code, misnamed.status_code) == (415, 400)
    assert api.upload(call_id, wav(90)).status_code == 201


def tone(seconds: int, hertz: int = 50, rate: int = 1000) -> bytes:
    """Return the samples of a tone."""
    second = b"".join(
        round(9999 * math.sin(2 * math.pi * hertz * i / rate)).to_bytes(2, "little", signed=True) for i in range(rate)
    )
    return second * seconds


def silence(seconds: int) -> bytes:
    return bytes(seconds * 2000)


NOISE = random.Random(7).randbytes(50 * 2000)


@pytest.mark.parametrize(
    "content",
    [
        wav(30),
        wav(300, seed=None),
        wav_of(tone(300)),
        wav_of(silence(30) + NOISE + silence(30)),
        wav_of(silence(70) + NOISE[:6000]),
    ],
    ids=["short", "silent", "tone", "short once it is trimmed", "hardly a sound"],
)
def test_08_recordings_without_a_minute_of_speech_never_appear(api: Api, content: bytes) -> None:
    call_id = api.add_call()
    assert api.upload(call_id, content).status_code == 201
    api.advance(86_400)
    assert api("GET", f"/v2/calls/{call_id}").status_code == 404


@pytest.mark.parametrize("samples", [NOISE + silence(20) + NOISE, tone(60) + NOISE])
def test_08_silence_and_tones_in_between_do_no_harm(api: Api, samples: bytes) -> None:
    call_id = api.add_call()
    api.upload(call_id, wav_of(samples))
    api.advance(240)
    found = api("GET", f"/v2/calls/{call_id}").json()["call"]
    assert found["duration"] == len(samples) / 2000


def test_09_gong_measures_the_duration_itself(api: Api) -> None:
    call = api("GET", f"/v2/calls/{api.processed_call('pbx-1', duration=7)}").json()["call"]
    assert (call["duration"], call["system"]) == (90, "Upload API")
    assert api("GET", httpx.URL(call["meetingUrl"]).path).status_code == 403
