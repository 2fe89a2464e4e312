"""Names of recordings, as telephone systems write them, read by a template and rendered back."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.folders.names import NameMisfitError, NameTemplate

# (where it comes from, template, name, fields)
PBX_FORMS = [
    pytest.param(
        # FreePBX and Asterisk: MixMonitor, ${CALLTYPE}-${DESTINATION}-${FROMEXTEN}-${TIMESTR}-${UNIQUEID}
        "{direction}-{party_1_phone:phone}-{extension:digits}-{actual_start:%Y%m%d-%H%M%S}-{client_unique_id}.wav",
        "out-+12025550147-4711-20261120-093000-1731000000.42.wav",
        {
            "direction": "out",
            "party_1_phone": "+12025550147",
            "extension": "4711",
            "actual_start": "2026-11-20T09:30:00",
            "client_unique_id": "1731000000.42",
        },
        id="asterisk",
    ),
    pytest.param(
        "{primary_user}_{actual_start:%Y-%m-%dT%H.%M.%SZ}_{direction}.mp3",
        "agent@example.com_2026-11-20T09.30.00Z_inbound.mp3",
        {
            "primary_user": "agent@example.com",
            "actual_start": "2026-11-20T09:30:00+00:00",
            "direction": "inbound",
        },
        id="address-and-utc",
    ),
    pytest.param(
        # 3CX: [name]_extension-number_time(call).wav, one folder for each extension
        "{extension}/[{agent}]_{_again}-{party_1_phone}_{actual_start:%Y%m%d%H%M%S}({client_unique_id}).wav",
        "4711/[Okafor, Tobias]_4711-0012025550147_20261120093000(2817).wav",
        {
            "extension": "4711",
            "agent": "Okafor, Tobias",
            "_again": "4711",
            "party_1_phone": "0012025550147",
            "actual_start": "2026-11-20T09:30:00",
            "client_unique_id": "2817",
        },
        id="3cx",
    ),
    pytest.param(
        "{client_unique_id:uuid}_{actual_start:epoch}.wav",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301_1795167000.5.wav",
        {
            "client_unique_id": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "actual_start": "2026-11-20T09:30:00.500000+00:00",
        },
        id="uuid-and-epoch",
    ),
    pytest.param(
        "{day:%Y/%m/%d}/{extension}-{clock:%H%M%S}.wav",
        "2026/11/20/4711-093000.wav",
        {"day": "2026-11-20", "extension": "4711", "clock": "09:30:00"},
        id="day-in-folders",
    ),
    pytest.param(
        # Elastix and Issabel
        "{direction:letters}{extension:digits}-{actual_start:%Y%m%d-%H%M%S}-{client_unique_id}.wav",
        "OUT4711-20261120-093000-1731000000.42.wav",
        {
            "direction": "OUT",
            "extension": "4711",
            "actual_start": "2026-11-20T09:30:00",
            "client_unique_id": "1731000000.42",
        },
        id="elastix",
    ),
    pytest.param(
        "{day:%-m_%-d_%Y}/{party_1_phone:digits} by {primary_user} @ {clock:%-I_%M_%S %p}.wav",
        "1_5_2026/2025550147 by agent@example.com @ 9_30_00 AM.wav",
        {"day": "2026-01-05", "party_1_phone": "2025550147", "primary_user": "agent@example.com", "clock": "09:30:00"},
        id="five9",
    ),
]


@pytest.mark.parametrize(("template", "name", "fields"), PBX_FORMS)
def test_a_name_is_read_and_rendered_back(template: str, name: str, fields: dict[str, str]) -> None:
    read = NameTemplate(template)
    for place in (name, f"/recordings/{name}", f"s3://aws_calls@bucket/a#b/{name}"):
        assert read.read(place) == fields
    assert read.render(fields) == name
    assert read.columns == [column for column in fields if not column.startswith("_")]


TEMPLATE = "{direction}-{party_1_phone:phone}-{actual_start:%Y%m%d-%H%M%S}.wav"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("out.wav", "at character 1, where 'out.wav' follows and {direction} is expected"),
        ("-1-20261120-093000.wav", "at character 1, where '-1-20261120-093000.wav' follows and {direction} is"),
        ("out-Dana-20261120-093000.wav", "at character 5, where 'Dana-20261120-093000.wav' follows and {party_1_phone"),
        ("out-1x-20261120-093000.wav", "at character 6, where 'x-20261120-093000.wav' follows and '-' is expected"),
        ("out-1-20261320-093000.wav", "at character 7, where '20261320-093000.wav' follows and {actual_start:%Y"),
        ("out-1-2026112-093000.wav", "at character 7, where"),
        ("out-1-20261120-093000", "at character 22, where the name ends and '.wav' is expected"),
        ("out-1-20261120-093000.wav.part", "it continues with '.part' after the end of the template"),
        ("out-\u0661-20261120-093000.wav", "at character 5"),
        ("", "at character 1, where the name ends"),
    ],
)
def test_a_name_that_does_not_fit_says_where_it_stops(name: str, says: str) -> None:
    with pytest.raises(NameMisfitError) as raised:
        NameTemplate(TEMPLATE).read(f"/recordings/{name}")
    assert says in str(raised.value)


def test_a_field_ends_where_the_text_behind_it_begins_for_the_first_time() -> None:
    template = NameTemplate("{title}--{client_unique_id}.wav")
    assert template.read("a-b--c.d--e.wav") == {"title": "a-b", "client_unique_id": "c.d--e"}
    with pytest.raises(NameMisfitError, match=r"continues with '\.wav'"):
        template.read("a--b.wav.wav")


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("calls.wav", "it has no fields"),
        ("{title", "has an unpaired brace"),
        ("title}.wav", "has an unpaired brace"),
        ("{}.wav", "a field has no name"),
        ("{title}{purpose}.wav", "nothing separates {title} from {purpose}"),
        ("{title:digits}{purpose}.wav", "nothing separates"),
        ("{title}-{Title}.wav", "it has title more than once"),
        ("{media}.wav", "media is the recording itself"),
        ("{title:number}.wav", "'number' is not a kind of field. Use digits, phone, uuid, epoch"),
        ("{actual_start:%Y%Q}.wav", "%Q in '%Y%Q' is not supported"),
        ("{actual_start:%}.wav", "is not supported"),
        ("{actual_start:%Y}.wav", "neither a date with year, month and day"),
        ("{actual_start:%m%d-%H%M}.wav", "neither a date with year, month and day"),
        ("{actual_start:%M%S}.wav", "neither a date"),
    ],
)
def test_a_template_is_checked(template: str, says: str) -> None:
    with pytest.raises(GongManifestError) as raised:
        NameTemplate(template)
    assert "name_template" in str(raised.value)
    assert says in str(raised.value)


_any_text = st.text(st.characters(exclude_characters="/_", exclude_categories=["Cs"]), min_size=1, max_size=9)
# Composed, as names are read.
_text = _any_text.map(lambda text: unicodedata.normalize("NFC", text))


@given(
    title=_text,
    phone=st.from_regex(r"\A\+?[0-9]{1,15}\Z"),
    start=st.datetimes().map(lambda moment: moment.replace(microsecond=0)).filter(lambda moment: moment.year > 999),
    epoch=st.integers(10**9 * 10**6, (10**10 - 1) * 10**6),
)
def test_whatever_is_rendered_is_read(title: str, phone: str, start: object, epoch: int) -> None:
    template = NameTemplate("{title}_{party_1_phone:phone}_{actual_start:%Y-%m-%dT%H-%M-%S}_{x:epoch}.wav")
    seconds, micros = divmod(epoch, 10**6)
    name = f"{title}_{phone}_{start:%Y-%m-%dT%H-%M-%S}_{seconds}" + f".{micros:06}".rstrip("0").rstrip(".") + ".wav"
    fields = template.read(name)
    assert (fields["title"], fields["party_1_phone"]) == (title, phone)
    assert template.render(fields) == name


@pytest.mark.parametrize(
    ("template", "name", "moment"),
    [
        ("{actual_start:epoch_ms}.wav", "1731000000123.wav", "2024-11-07T17:20:00.123000+00:00"),
        (
            "{actual_start:%Y-%m-%dT%H_%M_%S.%fZ}.wav",
            "2026-11-20T09_30_00.123Z.wav",
            "2026-11-20T09:30:00.123000+00:00",
        ),
        ("{actual_start:%Y%m%d %H%M%S UTC}.wav", "20261120 093000 UTC.wav", "2026-11-20T09:30:00+00:00"),
        ("{actual_start:%Y%m%d%%%H%M}.wav", "20261120%0930.wav", "2026-11-20T09:30:00"),
        # Amazon Connect
        ("{actual_start:%Y%m%dT%H:%M_UTC}.wav", "20261120T09:30_UTC.wav", "2026-11-20T09:30:00+00:00"),
        ("{actual_start:%Y%m%dT%H:%M}_UTC.wav", "20261120T09:30_UTC.wav", "2026-11-20T09:30:00+00:00"),
        ("{actual_start:%Y%m%dT%H%M%S}Z.wav", "20261120T093000Z.wav", "2026-11-20T09:30:00+00:00"),
        # Zoom
        (
            "GMT{actual_start:%Y%m%d-%H%M%S}_Recording.mp4",
            "GMT20261120-093000_Recording.mp4",
            "2026-11-20T09:30:00+00:00",
        ),
        ("UTC_{actual_start:%Y%m%d-%H%M%S}.wav", "UTC_20261120-093000.wav", "2026-11-20T09:30:00+00:00"),
        ("RGMT{actual_start:%Y%m%d-%H%M%S}.wav", "RGMT20261120-093000.wav", "2026-11-20T09:30:00"),
        (
            "{actual_start:%A, %d %B %Y %-I-%M %p}.wav",
            "Friday, 20 November 2026 9-30 AM.wav",
            "2026-11-20T09:30:00",
        ),
        ("{actual_start:%a %b %d %Y %H-%M}.wav", "Fri Nov 20 2026 09-30.wav", "2026-11-20T09:30:00"),
        ("{actual_start:%Y%m%d-%H%M}-Zoom.wav", "20261120-0930-Zoom.wav", "2026-11-20T09:30:00"),
        ("{actual_start:%Y-%-m-%-d %-I.%M %p}.wav", "2026-1-5 9.30 PM.wav", "2026-01-05T21:30:00"),
    ],
)
def test_further_times(template: str, name: str, moment: str) -> None:
    parsed = NameTemplate(template)
    assert parsed.read(name) == {"actual_start": moment}
    assert parsed.render({"actual_start": moment}) == name


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_that_are_characters_of_their_own(forms: tuple[Literal["NFC", "NFD"], Literal["NFC", "NFD"]]) -> None:
    template = NameTemplate(unicodedata.normalize(forms[0], "Müller_{title}.wav"))
    assert template.read(unicodedata.normalize(forms[1], "Müller_Grüße.wav")) == {"title": "Grüße"}


def test_times_that_would_be_mistaken_for_others() -> None:
    assert NameTemplate("{clock:%H%M%S}Z.wav").read("093000Z.wav") == {"clock": "09:30:00+00:00"}
    with pytest.raises(GongManifestError, match="%m more than once"):
        NameTemplate("{actual_start:%Y%m%d-%H%m}.wav")
    with pytest.raises(GongManifestError, match="%I without %p, so morning and afternoon cannot be distinguished"):
        NameTemplate("{actual_start:%Y%m%d-%I%M%S}.wav")
