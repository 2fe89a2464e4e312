from __future__ import annotations

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


def test_missing_things_are_404(api: Api) -> None:
    assert api("GET", "/call?id=1").status_code == 404
    assert api("GET", "/meeting").status_code == 404


def test_the_style_sheet_is_served(api: Api) -> None:
    sheet = api("GET", "/_emulator/style.css")
    assert (sheet.status_code, sheet.headers["content-type"].split(";")[0]) == (200, "text/css")
