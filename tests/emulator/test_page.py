from __future__ import annotations

import httpx
import pytest

from airflow_provider_gong.emulator.company.recordings.folder import RecordingFolder
from airflow_provider_gong.emulator.web.page import PRESETS

from .conftest import HOST_EMAIL, Api, wav

EVIL = "<script>alert(1)</script>"


def test_the_start_page_shows_the_company(api: Api) -> None:
    api.add_call("pbx-1", title="Renewal talk")
    page = api("GET", "/")
    assert page.status_code == 200
    for text in ("Renewal talk", "pbx-1", "awaiting media", HOST_EMAIL, "Tobias Okafor", "addCall"):
        assert text in page.text
    assert "http-equiv" not in page.text
    assert 'http-equiv="refresh"' in api("GET", "/?refresh=on").text


def test_pages_need_no_key_and_are_not_counted() -> None:
    api = Api(requests_per_second=1)
    api.auth = None
    assert [api("GET", "/").status_code for _ in range(3)] == [200] * 3
    assert api.state()["requests"]["accepted"] == 0


def test_everything_is_escaped_and_scripts_are_forbidden(api: Api) -> None:
    call_id = api.add_call(EVIL, title=EVIL, customData=EVIL)
    body = {
        "startTime": "2026-03-10T10:00:00Z",
        "endTime": "2026-03-10T10:30:00Z",
        "title": EVIL,
        "invitees": [{"displayName": EVIL}],
        "organizerEmail": HOST_EMAIL,
    }
    meeting_id = api("POST", "/v2/meetings", json=body).json()["meetingId"]
    api("GET", f"/v2/{EVIL}")
    for path in ("/", f"/call?id={call_id}", f"/meeting?id={meeting_id}"):
        page = api("GET", path)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text
        assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")


def test_a_kept_recording_can_be_played(api: Api) -> None:
    call_id = api.add_call()
    api.upload(call_id, wav(90))
    page = api("GET", f"/call?id={call_id}").text
    link = page.split('src="')[1].split('"')[0].replace("&amp;", "&")
    assert link.startswith("/_emulator/recordings/")
    assert api("GET", link).content == wav(90)


def test_a_recording_that_was_not_kept_is_said_so(api: Api) -> None:
    call_id = api.add_call(downloadMediaUrl="https://storage.example.com/a.mp3?X-Amz-Signature=secret")
    page = api("GET", f"/call?id={call_id}").text
    assert "The recording itself was not kept." in page
    assert "https://storage.example.com/a.mp3" in page
    assert "secret" not in page


def test_the_call_url_of_the_api_opens_its_page(api: Api) -> None:
    call_id = api.processed_call("pbx-1", title="Renewal talk")
    url = api("GET", f"/v2/calls/{call_id}").json()["call"]["url"]
    assert "Renewal talk" in api("GET", url).text


def test_what_a_browser_asks_for_unasked_is_not_in_the_log(api: Api) -> None:
    assert api("GET", "/favicon.ico").status_code == 204
    assert api("GET", "/_emulator/requests").json()["requests"] == []


def test_missing_things_are_404(api: Api) -> None:
    assert api("GET", "/call?id=1").status_code == 404
    assert api("GET", "/meeting").status_code == 404


def test_the_style_sheet_is_served(api: Api) -> None:
    sheet = api("GET", "/_emulator/style.css")
    assert (sheet.status_code, sheet.headers["content-type"].split(";")[0]) == (200, "text/css")


def press(api: Api, do: str, origin: str | None = None, **values: object) -> httpx.Response:
    headers = {"origin": origin} if origin else {}
    return api("POST", "/_emulator/page", data={"do": do, **values}, headers=headers)


def test_the_clock_has_buttons(api: Api) -> None:
    before = api.clock.now()
    answer = press(api, "advance", seconds=3600, refresh="on")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?refresh=on#top")
    assert api.clock.now() == before + 3_600
    press(api, "speed", speed=60)
    assert "60× real time" in api("GET", "/").text
    press(api, "speed", speed=0)
    assert "paused" in api("GET", "/").text


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_faults_are_switched_on_and_off(api: Api, preset: str) -> None:
    press(api, "fault", preset=preset, operation="addCall")
    (rule,) = api.state()["faults"]
    assert (rule["operation"], rule["enabled"]) == ("addCall", True)
    press(api, "switch", number=rule["number"], enabled="no")
    assert api.state()["faults"][0]["enabled"] is False
    assert api("POST", "/v2/calls", json=api.new_call()).status_code == 200
    press(api, "remove", number=rule["number"])
    assert api.state()["faults"] == []


def test_limits_users_and_the_company_have_buttons(api: Api) -> None:
    press(api, "limits", requests_per_second=7, requests_per_day=70)
    assert "limit 7/s" in api("GET", "/").text
    noor = api.user_id("noor.haddad@example.com")
    press(api, "import", id=noor, imported="yes")
    assert api.users()["noor.haddad@example.com"]["settings"]["telephonyCallsImported"] is True
    press(api, "reset")
    assert api.users()["noor.haddad@example.com"]["settings"]["telephonyCallsImported"] is False


@pytest.mark.parametrize(
    "values", [{"do": "explode"}, {"do": "advance", "seconds": "x"}, {"do": "remove", "number": 9}, {"do": "speed"}]
)
def test_wrong_buttons_are_explained(api: Api, values: dict[str, object]) -> None:
    answer = api("POST", "/_emulator/page", data=values)
    assert answer.status_code == 400
    assert "There is no such action" in answer.text


def test_pages_of_other_sites_press_no_buttons(api: Api) -> None:
    before = api.clock.now()
    other = "https://evil.example.net"
    assert press(api, "advance", origin=other, seconds=60).status_code == 403
    assert api("POST", "/_emulator/reset", headers={"origin": other}).status_code == 403
    assert press(api, "advance", origin="http://gong.example.com", seconds=60).status_code == 303
    assert api.clock.now() == before + 60


def test_the_budget_is_shown_with_the_last_minute() -> None:
    api = Api(requests_per_second=2, requests_per_day=100)
    for _ in range(4):
        api("GET", "/v2/workspaces")
    page = api("GET", "/").text
    assert "of 100 today" in page
    assert page.count('<rect class="accepted"') == 1
    assert ("2 accepted" in page, "2 refused" in page) == (True, True)
    api.advance(60)
    assert "<rect" not in api("GET", "/").text


def test_requests_are_filtered_and_shown_with_their_bodies(api: Api) -> None:
    api(
        "POST",
        "/v2/calls",
        json=api.new_call(title=EVIL, downloadMediaUrl="https://s3.example.com/a?X-Amz-Signature=k"),
    )
    api("GET", "/v2/workspaces")
    listed = api("GET", "/?operation=addCall&status=&path=").text
    request_id = api("GET", "/_emulator/requests?operation=addCall").json()["requests"][0]["requestId"]
    assert f"/request?id={request_id}" in listed
    assert "/v2/workspaces</td>" not in listed.replace("\n", "")
    page = api("GET", f"/request?id={request_id}").text
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "clientUniqueId" in page
    assert "X-Amz-Signature=k" not in page
    assert api("GET", "/request?id=none").status_code == 404


def test_long_lists_show_their_newest(api: Api) -> None:
    api("POST", "/_emulator/seed", json={"generate": {"calls": 60}})
    page = api("GET", "/").text
    assert "65, the latest 50" in page
    assert page.count('<a href="/call?id=') == 50


def test_the_oldest_recordings_make_room_for_new_ones() -> None:
    folder = RecordingFolder(limit=100)
    for name in ("one", "two", "three"):
        draft = folder.draft()
        draft.write(b"x" * 40)
        folder.keep(draft, name)
    kept = [name for name in ("one", "two", "three") if folder.path(name)]
    folder.clear()
    assert kept == ["two", "three"]
    assert folder.path("three") is None
