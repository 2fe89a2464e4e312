"""The documentation shows code that runs, and leaves out nothing that it lists."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import pkgutil
import re
import sys
import textwrap
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

import airflow_provider_gong
from airflow_provider_gong.call_import.manifest.fields import CALL_FIELDS, PARTY_FIELDS
from airflow_provider_gong.call_import.manifest.folders.names import NameTemplate
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.emulator.__main__ import main
from airflow_provider_gong.get_provider_info import get_provider_info
from airflow_provider_gong.hooks.configuration import config_section
from airflow_provider_gong.hooks.connection_form import FIELDS
from airflow_provider_gong.ledger.rows import CallState
from tests.unit.hooks.support import stored_connection

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md"))]
INCLUDED = re.compile(r"<!-- from (\S+): (\S+) -->\n```python\n(.*?)```\n", re.DOTALL)
LINK = re.compile(r"\]\(((?!https:)[^)#]+)\)")

INCLUSIONS = [
    pytest.param(*found, id=f"{page.name}-{found[1]}") for page in PAGES for found in INCLUDED.findall(page.read_text())
]


def _reference_pages() -> Any:
    place = PROJECT / "docs" / "_ext" / "reference_pages.py"
    spec = importlib.util.spec_from_file_location("reference_pages", place)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["reference_pages"] = module  # where dataclasses look for the module of a class
    spec.loader.exec_module(module)
    return module


reference_pages = _reference_pages()
reference_pages.write_pages()  # for links that lead to them


def doc(name: str) -> str:
    return (PROJECT / "docs" / name).read_text()


def codes(text: str) -> set[str]:
    """Return what stands in backquotes."""
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize(("source", "marker", "shown"), INCLUSIONS)
def test_code_is_that_of_its_source(source: str, marker: str, shown: str) -> None:
    text = (PROJECT / source).read_text()
    (code,) = re.findall(rf"# \[START {marker}\]\n(.*?)\n *# \[END {marker}\]", text, re.DOTALL)
    assert shown == textwrap.dedent(code) + "\n"


def test_every_page_of_a_job_shows_its_example() -> None:
    shown = {source for source, _, _ in (parameters.values for parameters in INCLUSIONS)}
    jobs = ("upload_call", "meeting", "nightly_call_import", "import_on_managed_airflow", "folder_of_recordings")
    assert {f"example_dags/example_gong_{job}.py" for job in jobs} <= shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def blocks(page: Path, language: str) -> list[str]:
    """Return the code of a language that a page shows."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(code) for code in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_can_be_read(page: Path) -> None:
    for code in blocks(page, "python"):
        ast.parse(code)
    for code in blocks(page, "yaml"):
        assert yaml.safe_load(code)
    for code in blocks(page, "json"):
        json.loads(code)


def test_the_composed_containers_share_the_store() -> None:
    compose, helm = (yaml.safe_load(code) for code in blocks(PROJECT / "docs" / "installation.md", "yaml"))
    common = compose["x-airflow-common"]
    (volume,) = common["volumes"]
    assert volume == f"{next(iter(compose['volumes']))}:{common['environment']['AIRFLOW__GONG__STORE_FOLDER']}"
    # The chart renders this text, which is a list of containers' variables.
    names = [variable["name"] for variable in yaml.safe_load(helm["extraEnv"])]
    assert names == ["AIRFLOW__GONG__STORE_CONN_ID", "AIRFLOW_CONN_GONG_STORE"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_variables_are_those_that_airflow_reads(page: Path) -> None:
    text = page.read_text()
    options = {name.upper() for name in config_section()["options"]}
    assert set(re.findall(r"AIRFLOW__GONG__([A-Z_]+)", text)) <= options
    for connection in re.findall(r"AIRFLOW_CONN_[A-Z_]+='(.*?)'", text, re.DOTALL):
        assert stored_connection(connection).conn_type in ("gong", "postgres")


def test_all_settings_of_the_connection_are_explained() -> None:
    assert {field.name for field in FIELDS} <= codes(doc("connection.md"))


def test_all_options_of_the_deployment_are_explained() -> None:
    assert set(config_section()["options"]) <= codes(doc("connection.md"))


def texts_of_the_package() -> str:
    """Return all texts of the source, each with ``{}`` for what is filled in."""
    found: list[str] = []
    for path in Path(airflow_provider_gong.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
                found.append("".join(map(str, parts)))
    return "\n".join(found)


def test_symptoms_are_what_the_package_says() -> None:
    symptoms = re.findall(r"^\| `([^`]*)` \|", doc("troubleshooting.md"), re.MULTILINE)
    assert len(symptoms) > 20
    texts, errors = texts_of_the_package(), errors_of_the_package()
    assert [text for text in symptoms if text not in texts and text not in errors] == []


def test_every_page_of_the_reference_has_an_example_that_exists() -> None:
    pages = reference_pages.PAGES
    info = get_provider_info()
    listed = {
        module
        for kind in ("operators", "sensors", "triggers")
        for entry in info[kind]
        for module in entry["python-modules"]
    }
    classes = {
        f"{module.removeprefix('airflow_provider_gong.')}.{name}"
        for module in listed
        for name, kind in vars(import_module(module)).items()
        if isinstance(kind, type)
        and kind.__module__ == module
        and re.search("^[A-Z].*(Operator|Sensor|Trigger)$", name)
    }
    assert classes <= {page.name for page in pages}
    for page in pages:
        text = (PROJECT / f"example_dags/example_gong_{page.example}.py").read_text()
        assert f"[START howto_gong_{page.example}]" in text
        # Triggers and these operators are used by what the example shows.
        is_inside = page.kind == "Triggers" or "CallExport" in page.title or page.title == "GongCallImportEventOperator"
        assert page.title in text or is_inside, page


def test_all_columns_of_a_manifest_are_explained() -> None:
    parties = {f"party_1_{field.column}" for field in PARTY_FIELDS}
    assert {*(field.column for field in CALL_FIELDS), *parties} <= codes(doc("manifests.md"))


def test_what_a_cell_does_that_cannot_be_read_is_explained() -> None:
    says = {(True, False): "left out", (False, False): "row rejected"}
    says |= {(True, True): "left out if a participant is still named"}
    table = doc("manifests.md").partition("## Columns")[2].partition("##")[0]
    explained = {
        column: (required == "yes", effect)
        for columns, required, effect in re.findall(r"^\| (`.+?) \| ?(\w*) ?\| ([^|]+) \|", table, re.MULTILINE)
        for column in codes(columns)
    }
    parties = [replace(field, column=f"party_1_{field.column}") for field in PARTY_FIELDS]
    assert explained == {
        field.column: (field.is_required, says[field.is_optional, field.names]) for field in (*CALL_FIELDS, *parties)
    }


def test_names_of_telephone_systems_are_read_by_their_templates() -> None:
    page = doc("folder_of_recordings.md")
    table = page.partition("### Templates for phone systems")[2].partition("```")[0]
    forms = re.findall(r"^\| [^|`]+ \| `(.+?)` \| `(.+?)`", table, re.MULTILINE)
    assert len(forms) == 5
    for name, text in forms:
        template = NameTemplate(text)
        assert template.render(template.read(f"s3://bucket/{name}")) == name
    (code,) = re.findall(r"```python\n(from .*?)```", page, re.DOTALL)
    exec(code, {})


def test_all_states_are_explained() -> None:
    table = doc("call_import.md").partition("## States")[2].partition("## ")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(CallState)


def subclasses(kind: type) -> set[type]:
    return {kind}.union(*(subclasses(each) for each in kind.__subclasses__()))


def errors_of_the_package() -> dict[str, type[GongError]]:
    """Return all errors below :class:`GongError`, whichever module has them."""
    for module in pkgutil.walk_packages(airflow_provider_gong.__path__, "airflow_provider_gong."):
        if "__main__" not in module.name and ".example_dags" not in module.name:
            with contextlib.suppress(ImportError):  # what this version of Airflow does not have
                import_module(module.name)
    ours = (kind for kind in subclasses(GongError) if kind.__module__.startswith("airflow_provider_gong"))
    return {kind.__name__: kind for kind in ours}


def rows_of_errors() -> list[tuple[str, str, str, str, str, str]]:
    row = re.compile(r"^\| ([│├└ ]*)`(\w+)` \| `([\w.]+)` \| (.*?) \| (.*?) ?\| ?(\w*) ?\|$", re.MULTILINE)
    return row.findall(doc("errors.md"))


def test_all_errors_are_explained() -> None:
    explained = {name: f"airflow_provider_gong.{module}" for _, name, module, *_ in rows_of_errors()}
    assert explained == {name: kind.__module__ for name, kind in errors_of_the_package().items()}


def test_the_page_says_what_to_do_and_whether_a_retry_can_help() -> None:
    classes = errors_of_the_package()
    for _, name, _, happened, remedy, retry in rows_of_errors():
        is_base = happened.startswith("base class of")
        assert bool(remedy) is not is_base, name
        assert retry == ("" if is_base else "yes" if classes[name].retry_can_help else "no"), name


def test_the_tree_of_errors_is_right() -> None:
    classes = errors_of_the_package()
    above = [GongError]
    for indent, name, *_ in rows_of_errors()[1:]:
        depth = len(indent) // 2
        assert classes[name].__bases__[0] is above[depth - 1]
        above[depth:] = [classes[name]]


def test_all_options_of_the_emulator_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"^  (--[\w-]+)", capsys.readouterr().out, re.MULTILINE))
    assert options <= codes(doc("emulator.md"))
    assert options
