"""Whatever a manifest holds, its rows are planned, or rejected with all that is wrong with them."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.csv_cells import escape_cell
from airflow_provider_gong.call_import.manifest.fields import CALL_FIELDS, REQUIRED_COLUMNS, Kind
from airflow_provider_gong.call_import.manifest.files import read_files
from airflow_provider_gong.call_import.manifest.manifest import Manifest, Table
from airflow_provider_gong.call_import.manifest.records import list_table
from airflow_provider_gong.call_import.manifest.texts import MISSING, trimmed
from airflow_provider_gong.call_import.plan.cells import CellRules
from airflow_provider_gong.call_import.plan.hosts import HostDirectory
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.plan.rows import PlanSettings, checked_rows
from airflow_provider_gong.call_import.report.report import RETRY_CSV, ImportReport
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, ImportRow, PlannedRow
from airflow_provider_gong.store.database import Store
from tests.support.media import Files
from tests.support.recordings import manifest_row, write_wav
from tests.unit.call_import.conftest import NOW, USERS, SeenPlan

pytestmark = pytest.mark.slow

log = logging.getLogger(__name__)

ROWS = 4
STRICT, LENIENT = CellRules(is_strict=True, now=NOW), CellRules(now=NOW)
# Of each column, texts that are wrong whatever stands in the others.
DEFECTS = {
    "client_unique_id": ["", "x" * 2049, "é" * 1500],
    "actual_start": ["", "yesterday", "2026-11-19", "2026-11-19T08:01", "2026-11-19T08:01:00+00:01"],
    "direction": ["", "sideways", "=Outbound"],
    "primary_user": ["", "nobody@example.com", "noor.haddad@example.com", "900", "²"],
    "media": [
        "",
        "recordings/none.wav",
        "../1.wav",
        "/etc/hostname",
        "https://files.example.com/1.wav",
        "s3://[/1.wav",
    ],
    "duration": ["-1", "long", "nan", "1e999"],
    "purpose": ["x" * 256],
    "language_code": ["english"],
    "workspace_id": ["first", "9" * 21],
    "scheduled_start": ["tomorrow", "2026-11-19T24:61:00Z"],
    "scheduled_end": ["never"],
    "context": ["[", "7", '[{"system": 1}]', '[{"system": "Siebel"}]', '["\\ud800"]', "1" * 5000, "[" * 100_000],
    "speakers_timeline": ["[]", '"x"', '{"speechSegments": [7]}', '{"precise": "perhaps"}'],
    "parties": ["{", "{}", "null", "[1]"],
    "party_1_email": ["na", "@example.com"],
    "party_1_user_id": ["me"],
    "party_1_media_channel_id": ["2", "left"],
    "party_1_context": ["[", "7", '[{"objects": []}]'],
}
PROPERTY = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_odd = st.sampled_from("=+-@'\"\\,;:/?#{}[]% \t\r\n\x85\u2028\ufeff＝ÅéİΣ🙂")
# Text that each format can hold, as cells are read.
texts = st.text(_odd | st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd"), max_size=12).map(
    trimmed
)
texts = texts.filter(lambda text: text not in MISSING)
# Others are lists or objects of several numbers.
phones = texts.filter(lambda text: text.count("+") < 2 and not set(text) & set("[{"))
huge = st.just("x" * 200_000)
free_cells = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("title", "party_1_name", "=remark"), texts),
        "party_2_phone": phones,
        "custom_data": huge,
    },
)
defects = st.dictionaries(st.sampled_from(sorted(DEFECTS)), st.integers(0), max_size=6).map(
    lambda chosen: {column: DEFECTS[column][number % len(DEFECTS[column])] for column, number in chosen.items()}
)


@dataclass(frozen=True)
class DrawnRow:
    """A row, and the columns in which something is wrong."""

    number: int
    cells: Mapping[str, str]
    wrong: Mapping[str, str]

    @property
    def values(self) -> dict[str, str]:
        right = manifest_row(self.number, media=f"recordings/{self.number}.wav")
        return {name: text for name, text in {**right, **self.cells, **self.wrong}.items() if text}


drawn_rows = st.lists(st.tuples(free_cells, defects), min_size=1, max_size=ROWS).map(
    lambda rows: [DrawnRow(number, cells, wrong) for number, (cells, wrong) in enumerate(rows, 1)]
)


@dataclass
class Office:
    """Recordings, and a store that keeps the imports of all examples."""

    folder: Path
    store: Store
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def plan(self, tables: Iterable[Table], rules: CellRules = STRICT) -> tuple[SeenPlan, Ledger]:
        """Plan what tables hold as a new import."""
        ledger = Ledger(self.store, "example", f"import {next(self.numbers)}")
        base = MediaBase.at(str(self.folder))
        with checked_rows(Manifest(tables), HostDirectory(USERS), PlanSettings(base, Files(), rules=rules)) as draft:
            ledger.replace_plan("manifest", draft)
            return SeenPlan.of(draft), ledger

    def plan_file(self, name: str, content: bytes, rules: CellRules = STRICT) -> tuple[SeenPlan, Ledger]:
        manifest = self.folder / name
        manifest.write_bytes(content)
        return self.plan(read_files([str(manifest)], Path), rules)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    for number in range(1, ROWS + 1):
        write_wav(folder / f"recordings/{number}.wav", seconds=60 + number, seed=number)
    with contextlib.closing(Store.in_folder(folder / "store")) as store:
        yield Office(folder, store)


def csv_content(rows: Sequence[Mapping[str, str]], end: str = "\r\n", mark: str = "") -> bytes:
    columns = list(dict.fromkeys((*REQUIRED_COLUMNS, *itertools.chain(*rows))))
    file = io.StringIO()
    writer = csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([escape_cell(row.get(column, "")) for column in columns] for row in rows)
    return (mark + file.getvalue()).encode()


def jsonl_content(rows: Iterable[Any]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def parquet_content(columns: Mapping[str, Any]) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(dict(columns)), file)
    return file.getvalue()


def in_parquet(rows: Sequence[Mapping[str, str]]) -> bytes:
    columns = list(dict.fromkeys((*REQUIRED_COLUMNS, *itertools.chain(*rows))))
    return parquet_content({name: pyarrow.array([row.get(name) for row in rows], pyarrow.string()) for name in columns})


def column_of(problem_field: str) -> str:
    return problem_field.partition(".")[0].partition("[")[0]


def check(plan: SeenPlan, ledger: Ledger) -> list[ImportRow]:
    """Check that every row has one state, that what is planned can be sent, and that all of it can be reported."""
    kept = list(ledger.rows())
    assert [row.state for row in kept] == [row.state for row in plan.rows]
    assert ledger.counts() == {state: count for state, count in _counted(plan).items() if count}
    assert plan.estimate["planned"] + plan.estimate["rejected"] == plan.estimate["rows"] == len(kept)
    for row in plan.rows:
        is_planned = row.state is CallState.PLANNED
        assert is_planned == (not row.problems) == (row.payload is not None) == (row.fingerprint is not None)
        json.dumps(row.call, allow_nan=False, ensure_ascii=False).encode()
    return kept


def _counted(plan: SeenPlan) -> dict[CallState, int]:
    return {CallState.PLANNED: len(plan.planned), CallState.REJECTED: len(plan.rejected)}


def survive(plan: Callable[[], tuple[SeenPlan, Ledger]], folder: Path) -> None:
    """Plan and report an import, unless its manifest cannot be read as a whole."""
    try:
        seen, ledger = plan()
    except GongManifestError as error:
        log.info("%s", error)
        return
    check(seen, ledger)
    ImportReport(ledger, folder=folder / "report").run()


@PROPERTY
@given(rows=drawn_rows)
def test_all_that_is_wrong_with_a_row_is_found_at_once(office: Office, rows: list[DrawnRow]) -> None:
    plan, ledger = office.plan_file("calls.csv", csv_content([row.values for row in rows]))
    check(plan, ledger)
    found = [sorted({column_of(problem.field) for problem in row.problems}) for row in plan.rows]
    assert found == [sorted(row.wrong) for row in rows]


@PROPERTY
@given(rows=drawn_rows, end=st.sampled_from(["\n", "\r\n", "\r"]), mark=st.sampled_from(["", "\ufeff"]))
def test_the_format_of_a_manifest_makes_no_difference(
    office: Office, rows: list[DrawnRow], end: str, mark: str
) -> None:
    values = [row.values for row in rows]
    (in_csv, _), (in_jsonl, _), (in_table, _), (of_task, _) = (
        office.plan_file("calls.csv", csv_content(values, end, mark)),
        office.plan_file("calls.jsonl", jsonl_content(values)),
        office.plan_file("calls.parquet", in_parquet(values)),
        office.plan([list_table(values)]),
    )
    assert _content(in_csv) == _content(in_jsonl) == _content(in_table) == _content(of_task)


def _content(plan: SeenPlan) -> list[Any]:
    # Problems come in the order of the columns, which objects may give in any order.
    return [(row.row_number, row.fingerprint, row.payload, {*row.problems}, row.source) for row in plan.rows]


@PROPERTY
@given(rows=drawn_rows)
def test_the_next_manifest_of_a_report_holds_the_same_rows(office: Office, rows: list[DrawnRow]) -> None:
    plan, ledger = office.plan_file("calls.jsonl", jsonl_content([row.values for row in rows]))
    report = office.folder / "report"
    ImportReport(ledger, folder=report).run()
    again, _ = office.plan(read_files([str(report / RETRY_CSV)], Path))
    assert [_essence(row) for row in again.rows] == [_essence(row) for row in plan.rows]


def _essence(row: PlannedRow) -> tuple[Any, ...]:
    source = row.source | ({"media": row.media} if row.media else {})
    return source, row.fingerprint, {(problem.field, problem.rule) for problem in row.problems}


_header = ",".join(REQUIRED_COLUMNS).encode() + b",title,context\n"
_line = ",".join(manifest_row(1)[column] for column in REQUIRED_COLUMNS).encode() + b",x"
_signs = [
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b'"',
    b'""',
    b"'",
    b";",
    b"\t",
    b" ",
    b"=1+1",
    b"\xef\xbc\x9d",
    b"://:@?",
    b"{0}%s\\N",
]
_no_text = [b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf"]
_pieces = st.sampled_from([_line, *_signs, *_no_text, b"title", b",title,", b"[[", b"x" * 200_000])


@PROPERTY
@given(start=st.sampled_from([b"", _header, b"\xef\xbb\xbf" + _header, b"\n" + _header]), pieces=st.lists(_pieces))
def test_no_text_crashes_a_plan(office: Office, start: bytes, pieces: list[bytes]) -> None:
    for name in ("calls.csv", "calls.jsonl", "calls.parquet"):
        survive(lambda name=name: office.plan_file(name, start + b"".join(pieces)), office.folder)  # type: ignore[misc]


_any_text = st.text(st.characters(categories=None) | _odd, max_size=8)
_columns = [*(field.column for field in CALL_FIELDS), "clientUniqueId", "flowContext", "Title", "", "party_99_name"]
_nested_names = ["system", "objects", "objectType", "objectId", "fields", "name", "value", "speechSegments", "userId"]
_names = st.sampled_from([*_columns, *_nested_names])
_any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_any_text | _names, inner, max_size=3),
    max_leaves=6,
)
_json_columns = [field.column for field in CALL_FIELDS if field.kind is Kind.JSON]
_nested = st.fixed_dictionaries({}, optional=dict.fromkeys((*_json_columns, "party_1_context"), _any_json))
_changes = st.dictionaries(_names | _any_text, _any_json, max_size=3)
_times = [date(1, 1, 1), datetime.max, datetime.max.replace(tzinfo=UTC), timedelta.max]
_numbers = [Decimal("1e99"), float("nan"), 10**5000]
_collections = [{1}, (1, 2), {(1, 2): 3}, {b"x": 1}, frozenset[int](), bytearray(b"x")]
_values = st.sampled_from([b"\xff", b"x", object, *_times, *_numbers, *_collections])


@PROPERTY
@given(rows=st.lists(st.tuples(_nested, _changes), max_size=ROWS), keeps=st.booleans())
def test_no_object_crashes_a_plan(office: Office, rows: list[tuple[Any, Any]], keeps: bool) -> None:
    objects = [
        (manifest_row(number, media=f"recordings/{number}.wav") if keeps else {}) | nested | changes
        for number, (nested, changes) in enumerate(rows, 1)
    ]
    survive(lambda: office.plan_file("calls.jsonl", jsonl_content(objects)), office.folder)
    survive(lambda: office.plan([list_table(objects)]), office.folder)


@PROPERTY
@given(value=_values, column=st.sampled_from(["title", "media", "context", "duration", "flowContext", "actual_start"]))
def test_no_value_of_a_task_crashes_a_plan(office: Office, value: Any, column: str) -> None:
    for changed in (value, [value], {"taskId": value}):
        table = list_table([manifest_row(1) | {column: changed}])
        survive(lambda table=table: office.plan([table]), office.folder)  # type: ignore[misc]
