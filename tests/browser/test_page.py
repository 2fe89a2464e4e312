"""The emulator's page as a person uses it."""

from __future__ import annotations

import io
import random
import re
import wave
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from airflow_provider_gong.emulator import RunningEmulator

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

HOST = "tobias.okafor@example.com"
NOOR = "noor.haddad@example.com"
HOSTILE = (
    """</td><script>document.title='owned'</script>"><img src=x onerror=alert(1)>' onmouseover='alert(2)' {{7*7}}"""
)


@pytest.fixture
def expect() -> Any:
    """Return Playwright's assertions, which wait for what the page is about to show."""
    from playwright.sync_api import expect

    return expect


def user_id(gong: RunningEmulator, email: str = HOST) -> str:
    return next(str(user["id"]) for user in gong.state()["users"] if user["emailAddress"] == email)


def add_call(gong: RunningEmulator, api: httpx.Client, client_unique_id: str, **changes: Any) -> str:
    host = user_id(gong)
    body = {
        "clientUniqueId": client_unique_id,
        "title": "A call",
        "actualStart": "2026-03-01T10:00:00Z",
        "direction": "Inbound",
        "primaryUser": host,
        "parties": [{"userId": host}],
        **changes,
    }
    return str(api.post("/v2/calls", json=body).raise_for_status().json()["callId"])


def upload(api: httpx.Client, call_id: str, *, seconds: int, seed: int = 1) -> None:
    """Upload noise that a browser can play."""
    recording = io.BytesIO()
    with wave.open(recording, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(random.Random(seed).randbytes(8000 * seconds))
    files = {"mediaFile": ("call.wav", recording.getvalue())}
    api.put(f"/v2/calls/{call_id}/media", files=files).raise_for_status()


def add_meeting(api: httpx.Client, **changes: Any) -> str:
    body = {
        "startTime": "2026-03-10T10:00:00Z",
        "endTime": "2026-03-10T10:30:00Z",
        "title": "Kick-off",
        "invitees": [{"email": "dana@northwind.example.com"}],
        "organizerEmail": HOST,
        **changes,
    }
    return str(api.post("/v2/meetings", json=body).raise_for_status().json()["meetingId"])


def row(page: Page, section: str, text: str) -> Locator:
    return page.locator(f"#{section} tbody tr").filter(has_text=text)


def card(page: Page, heading: str) -> Locator:
    return page.locator("section.card").filter(has=page.get_by_role("heading", name=heading, exact=True))


def test_calls_are_listed_with_their_states(gong: RunningEmulator, api: httpx.Client, page: Page, expect: Any) -> None:
    add_call(gong, api, "empty")
    upload(api, add_call(gong, api, "short"), seconds=30)
    upload(api, add_call(gong, api, "done"), seconds=90)
    gong.advance(240)
    upload(api, add_call(gong, api, "fresh"), seconds=90, seed=2)

    page.goto("/")

    shown = {
        name: row(page, "calls", name).locator(".state").inner_text() for name in ("empty", "short", "done", "fresh")
    }
    assert shown == {"empty": "awaiting media", "short": "discarded", "done": "visible", "fresh": "not ready"}
    expect(row(page, "calls", "done")).to_contain_text("Tobias Okafor")
    expect(row(page, "calls", "done")).to_contain_text("1:30")


def test_a_recording_is_played(gong: RunningEmulator, api: httpx.Client, page: Page, expect: Any) -> None:
    upload(api, add_call(gong, api, "pbx-1", title="Renewal talk"), seconds=90)
    page.goto("/")
    page.get_by_role("link", name="Renewal talk").click()
    expect(page.get_by_role("heading", name="Renewal talk")).to_be_visible()

    player = page.locator("audio")
    player.evaluate("player => { player.muted = true; return player.play(); }")

    page.wait_for_function("document.querySelector('audio').currentTime > 0")
    assert player.evaluate("player => [player.duration, player.error]") == [90, None]


def test_meetings_are_listed_and_shown(api: httpx.Client, page: Page, expect: Any) -> None:
    meeting_id = add_meeting(api, title="Kick-off")
    cancelled = add_meeting(api, title="Called off")
    api.request("DELETE", f"/v2/meetings/{cancelled}", json={"organizerEmail": HOST}).raise_for_status()

    page.goto("/")

    expect(row(page, "meetings", meeting_id).locator(".state")).to_have_text("scheduled")
    expect(row(page, "meetings", cancelled).locator(".state")).to_have_text("deleted")
    page.get_by_role("link", name="Kick-off").click()
    expect(page.locator("pre")).to_contain_text("dana@northwind.example.com")


def test_the_import_of_a_users_calls_is_switched_on(
    gong: RunningEmulator, api: httpx.Client, page: Page, expect: Any
) -> None:
    noor = user_id(gong, NOOR)
    body = {
        "clientUniqueId": "of-noor",
        "actualStart": "2026-03-01T10:00:00Z",
        "direction": "Inbound",
        "primaryUser": noor,
        "parties": [{"userId": noor}],
    }
    assert api.post("/v2/calls", json=body).status_code == 409
    page.goto("/")

    row(page, "users", NOOR).get_by_role("button", name="Switch on").click()

    expect(row(page, "users", NOOR).get_by_role("button", name="Switch off")).to_be_visible()
    assert api.post("/v2/calls", json=body).status_code == 200


def test_the_log_refreshes_itself_and_shows_bodies(api: httpx.Client, page: Page, expect: Any) -> None:
    page.goto("/")
    page.get_by_role("link", name="refresh every 2 seconds").click()
    expect(page.get_by_text("stop refreshing")).to_be_visible()

    add_meeting(api, title="Seen at once")

    line = row(page, "requests", "addMeeting")
    expect(line).to_contain_text("/v2/meetings", timeout=30_000)
    expect(line.locator(".status")).to_have_text("200")
    page.goto(str(line.locator("a").get_attribute("href")))
    sent, answered = page.locator("pre").all_inner_texts()
    assert "Seen at once" in sent
    assert '"meetingId"' in answered


def test_the_log_is_filtered(api: httpx.Client, page: Page, expect: Any) -> None:
    api.get("/v2/workspaces")
    api.get("/v2/calls/1")
    page.goto("/")

    page.locator("#requests").get_by_role("spinbutton", name="Status").fill("404")
    page.locator("#requests").get_by_role("button", name="Filter").click()

    expect(page.locator("#requests tbody tr")).to_have_count(1)
    expect(row(page, "requests", "getCall")).to_be_visible()


def test_the_budget_is_a_gauge_and_a_picture(gong: RunningEmulator, api: httpx.Client, page: Page, expect: Any) -> None:
    gong.set(requests_per_second=3, requests_per_day=10)
    assert [api.get("/v2/workspaces").status_code for _ in range(5)] == [200, 200, 200, 429, 429]

    page.goto("/")

    budget = card(page, "Request budget")
    expect(budget).to_contain_text("3 accepted")
    expect(budget).to_contain_text("2 refused")
    assert budget.locator("meter").evaluate("gauge => gauge.value") == 30
    accepted, refused = (budget.locator(f"rect.{kind}").bounding_box() for kind in ("accepted", "refused"))
    assert accepted["height"] / refused["height"] == pytest.approx(3 / 2)
    budget.get_by_label("per second").fill("0")
    budget.get_by_role("button", name="Set").click()
    expect(budget).to_contain_text("no limit")
    assert api.get("/v2/workspaces").status_code == 200


def test_the_clock_is_moved_and_paused(gong: RunningEmulator, api: httpx.Client, page: Page, expect: Any) -> None:
    upload(api, add_call(gong, api, "pbx-1"), seconds=90)
    page.goto("/")
    clock = card(page, "Clock").locator(".figure")
    expect(clock).to_have_text("09:00:00 UTC")

    page.get_by_role("button", name="+1 hour").click()

    expect(clock).to_have_text("10:00:00 UTC")
    expect(row(page, "calls", "pbx-1").locator(".state")).to_have_text("visible")
    page.get_by_role("button", name="3600×", exact=True).click()
    expect(card(page, "Clock")).to_contain_text("3600× real time")
    assert gong.state()["speed"] == 3600
    page.get_by_role("button", name="Pause").click()
    expect(card(page, "Clock")).to_contain_text("paused")
    assert gong.state()["speed"] == 0


def test_faults_are_switched_on_and_off(api: httpx.Client, page: Page, expect: Any) -> None:
    def answered() -> list[int]:
        return [api.get("/v2/workspaces").status_code for _ in range(3)]

    page.goto("/")
    faults = card(page, "Faults")
    expect(faults).to_contain_text("No faults.")

    faults.get_by_label("What").select_option("Answer every third request with 500")
    faults.get_by_label("Where").select_option("listWorkspaces")
    faults.get_by_role("button", name="Add fault").click()

    expect(faults.locator(".fault")).to_contain_text("status 500")
    assert answered() == [200, 200, 500]
    faults.get_by_role("button", name="Off").click()
    expect(faults.get_by_role("button", name="On")).to_be_visible()
    assert answered() == [200, 200, 200]
    faults.get_by_role("button", name="On").click()
    expect(faults.locator(".fault")).to_contain_text("hit 1 of 3")
    assert answered() == [200, 200, 500]
    faults.get_by_role("button", name="Remove").click()
    expect(faults).to_contain_text("No faults.")
    assert answered() == [200, 200, 200]


@pytest.mark.parametrize("width", [390, 1100, 1600])
def test_nothing_sticks_out_of_its_card(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/")
    overflow = "cards => cards.filter(card => card.scrollWidth > card.clientWidth).map(card => card.innerText)"
    assert page.locator(".cards .card").evaluate_all(overflow) == []


def test_a_reloaded_page_presses_no_button_again(gong: RunningEmulator, page: Page, expect: Any) -> None:
    page.goto("/")
    page.get_by_role("button", name="+1 day").click()
    expect(card(page, "Clock").locator(".figure")).to_have_text("09:00:00 UTC")
    expect(card(page, "Clock")).to_contain_text("Tue 03 Mar 2026")

    page.reload()

    expect(card(page, "Clock")).to_contain_text("Tue 03 Mar 2026")
    expect(page.locator("#calls tbody tr")).to_have_count(5)
    assert gong.state()["time"].startswith("2026-03-03")


def test_everything_is_started_over(gong: RunningEmulator, api: httpx.Client, page: Page, expect: Any) -> None:
    add_call(gong, api, "pbx-1")
    page.goto("/")
    expect(page.locator("#calls tbody tr")).to_have_count(6)
    page.get_by_role("button", name="Start over").click()
    expect(page.locator("#calls tbody tr")).to_have_count(5)


def test_hostile_texts_are_shown_and_not_run(gong: RunningEmulator, api: httpx.Client, page: Page, expect: Any) -> None:
    call_id = add_call(gong, api, HOSTILE, title=HOSTILE, customData=HOSTILE)
    meeting_id = add_meeting(api, title=HOSTILE)
    api.get(f"/v2/{HOSTILE}")
    gong.change_user(HOST, firstName=HOSTILE, title=HOSTILE)

    page.goto("/")

    for section, thing in (("calls", call_id), ("meetings", meeting_id), ("users", HOST)):
        line = row(page, section, thing).first
        expect(line).to_contain_text(HOSTILE)
        line.hover()
    expect(page.locator("script, img")).to_have_count(0)
    expect(page).to_have_title("Gong emulator")
    page.locator(f"a[href='/call?id={call_id}']").click()
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    expect(page).to_have_title(f"{HOSTILE} - Gong emulator")
    page.goto(f"/meeting?id={meeting_id}")
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_the_window(gong: RunningEmulator, api: httpx.Client, page: Page, width: int) -> None:
    add_call(gong, api, "x" * 200, title="y" * 200)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.evaluate("[...document.querySelectorAll('.id')].every(id => id.getClientRects().length <= 1)")


def test_looking_at_the_page_leaves_no_trace_in_the_log(gong: RunningEmulator, page: Page) -> None:
    page.goto("/")
    assert gong.requests() == []


def test_the_url_that_the_api_gives_a_call_opens_its_page(
    gong: RunningEmulator, api: httpx.Client, page: Page, expect: Any
) -> None:
    call_id = add_call(gong, api, "pbx-1", title="Renewal talk")
    upload(api, call_id, seconds=90)
    gong.advance(240)
    page.goto(api.get(f"/v2/calls/{call_id}").json()["call"]["url"])
    expect(page).to_have_title(re.compile("^Renewal talk"))
