"""A night as a telephone system exports it: a manifest and recordings, some of it wrong on purpose."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path

from tests.support.recordings import write_manifest, write_wav

# How the telephone system names the host: any address of the user, or the Gong user id in place of None.
_HOSTS = (
    ("tobias.okafor@example.com", "t.okafor@example.com"),
    ("priya.raman@example.com", "priya.raman@example.com"),
    ("elena.marchetti@example.com", "emarchetti@example.com"),
    ("lucas.ferreira@example.com", None),
    ("samuel.adeyemi@example.com", "samuel.adeyemi@example.com"),
    ("grace.nakamura@example.com", None),
    ("tobias.okafor@example.com", "tobias@sales.example.com"),
)
# name, e-mail address, telephone number, company; a telephone system does not know every address
_CUSTOMERS = (
    ("Dana Ortiz", "dana.ortiz@northwind.example.com", "+1 202-555-0111", "Northwind Mills"),
    ("Kim Halden", "kim@halden.example.com", "", "Halden Logistics"),
    ("Omar Reyes", "", "+1 202-555-0143", "Brightwater"),
    ("Ruth Vela", "ruth@vela.example.com", "+44 20 7946 0018", "Vela Foods"),
    ("Jun Sato", "jun.sato@kestrel.example.com", "+1 202-555-0187", "Kestrel Robotics"),
)
_TOPICS = ("Discovery", "Pricing review", "Renewal terms", "Technical questions", "Follow-up", "Onboarding", "Demo")
_DIRECTIONS = ("Outbound", "Inbound", "Conference")
_SHORTEST, _LONGEST = 61, 150  # seconds
_ZONE = timezone(timedelta(hours=1))


@dataclass(frozen=True)
class Mistake:
    """
    What can be wrong with a row.

    :param what: In plain words.
    :param column: Where it shows.
    :param value: What stands in the column, ``{day}`` being the night's date; the right value without it.
    :param write: Writes what is there in place of the recording.
    """

    what: str
    column: str
    value: str | None = None
    write: Callable[[Path], object] | None = None


MISTAKES = (
    Mistake("the start has no time zone", "actual_start", "{day}T09:14:00"),
    Mistake("the host's address is misspelt", "primary_user", "tobias.okafer@example.com"),
    Mistake("the recording was not exported", "media", write=lambda path: None),
    Mistake("the direction is none", "direction", "transfer"),
    Mistake("the recording is an empty file", "media", write=lambda path: path.write_bytes(b"")),
    Mistake("call import is turned off for the host", "primary_user", "noor.haddad@example.com"),
    Mistake("the recording lasts 30 seconds", "media", write=lambda path: write_wav(path, seconds=30, seed=30)),
    Mistake("the recording is a text file", "media", write=lambda path: path.write_text("Call was not recorded.\n")),
    Mistake("the id is that of an earlier row", "client_unique_id"),
)
FEWEST_ROWS = len(MISTAKES) + 3


@dataclass(frozen=True)
class NightRow:
    """
    A row of the manifest and what is known of it without the import.

    :param number: Its place among the rows, from 1.
    :param cells: The row as the manifest has it.
    :param host_id: Gong user id of the host that is meant.
    :param recording: The file; may be missing where that is the mistake.
    :param mistake: What was made wrong on purpose.
    """

    number: int
    cells: Mapping[str, str]
    host_id: str
    recording: Path
    mistake: Mistake | None = None

    @property
    def client_unique_id(self) -> str:
        """The id that the telephone system gave the call."""
        return self.cells["client_unique_id"]

    @property
    def sha256(self) -> str:
        """Hash of the recording's bytes."""
        return hashlib.sha256(self.recording.read_bytes()).hexdigest()


@dataclass(frozen=True)
class Night:
    """
    A night's export.

    :param folder: Where all nights are, one folder each.
    :param day: The day that the calls are from.
    """

    folder: Path
    day: date
    rows: tuple[NightRow, ...]

    @property
    def right(self) -> list[NightRow]:
        """The rows that can be imported."""
        return [row for row in self.rows if row.mistake is None]

    @property
    def wrong(self) -> list[NightRow]:
        """The rows that were made wrong on purpose."""
        return [row for row in self.rows if row.mistake is not None]


def export_night(
    folder: Path, day: date, users: Mapping[str, str], rows: int, mistakes: tuple[Mistake, ...] = MISTAKES
) -> Night:
    """
    Write the manifest and the recordings of a night.

    :param folder: Where all nights are; the night gets a folder named after the day.
    :param users: Gong user ids by e-mail address.
    :param rows: How many rows, those with a mistake included.
    """
    # Spread over the night, never in the first row.
    places = {2 + number * (rows - 1) // len(mistakes): mistake for number, mistake in enumerate(mistakes)}
    made = tuple(_row(folder / str(day), day, users, number, places.get(number)) for number in range(1, rows + 1))
    for row in made:
        _write_recording(row, day)
    write_manifest(folder / str(day) / "manifest.csv", [row.cells for row in made])
    return Night(folder, day, made)


def _row(folder: Path, day: date, users: Mapping[str, str], number: int, mistake: Mistake | None) -> NightRow:
    host, written_as = _HOSTS[number % len(_HOSTS)]
    name, email, phone, company = _CUSTOMERS[number % len(_CUSTOMERS)]
    cells = {
        "client_unique_id": _client_unique_id(day, number),
        "actual_start": _start(day, number).isoformat(),
        "direction": _DIRECTIONS[number % len(_DIRECTIONS)],
        "primary_user": written_as or users[host],
        "title": f"{_TOPICS[number % len(_TOPICS)]}, {company}",
        "media": f"recordings/{number:05d}.wav",
        "party_1_name": name,
        "party_1_email": email,
        "party_1_phone": phone,
    }
    if mistake is not None:
        cells |= _wrong_cells(mistake, day)
    return NightRow(number, cells, users[host], folder / cells["media"], mistake)


def _wrong_cells(mistake: Mistake, day: date) -> dict[str, str]:
    if mistake.column == "client_unique_id":
        return {mistake.column: _client_unique_id(day, 1)}
    return {} if mistake.value is None else {mistake.column: mistake.value.format(day=day)}


def _client_unique_id(day: date, number: int) -> str:
    return f"pbx-{day:%Y%m%d}-{number:05d}"


def _start(day: date, number: int) -> datetime:
    return datetime.combine(day, time(8), _ZONE) + timedelta(seconds=97 * number % 36_000)


def _write_recording(row: NightRow, day: date) -> None:
    row.recording.parent.mkdir(parents=True, exist_ok=True)
    if row.mistake is not None and row.mistake.write is not None:
        row.mistake.write(row.recording)
        return
    seconds = _SHORTEST + 37 * row.number % (_LONGEST - _SHORTEST)
    write_wav(row.recording, seconds=seconds, seed=day.toordinal() * 100_000 + row.number)
