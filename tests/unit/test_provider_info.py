from __future__ import annotations

import json
import os
import pkgutil
import subprocess
import sys
from importlib import import_module, metadata
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import airflow
import jsonschema
import pytest
from airflow.providers_manager import ProvidersManager
from packaging.version import Version

import airflow_provider_gong
from airflow_provider_gong.get_provider_info import get_provider_info
from airflow_provider_gong.hooks.connection_form import FIELDS, form_widgets, ui_field_behaviour

DISTRIBUTION = "airflow-provider-gong"
CONNECTION_TYPE = get_provider_info()["connection-types"][0]
CONN_FIELDS = CONNECTION_TYPE["conn-fields"]
KINDS = ("hooks", "operators", "sensors", "triggers")

# Part of Airflow 2; in Airflow 3 it comes with a provider of its own.
has_form_classes = find_spec("flask_appbuilder") is not None
reads_conn_fields = Version(airflow.__version__) >= Version("3.2")


def listed_modules(kind):
    return [module for entry in get_provider_info()[kind] for module in entry["python-modules"]]


def load(dotted_name):
    module, _, name = dotted_name.rpartition(".")
    return getattr(import_module(module), name)


def test_metadata_follow_the_schema_of_this_airflow():
    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def test_entry_point_leads_to_the_metadata_of_the_distribution():
    (entry_point,) = metadata.distribution(DISTRIBUTION).entry_points.select(group="apache_airflow_provider")
    assert entry_point.load()()["package-name"] == DISTRIBUTION


def test_reading_the_metadata_loads_neither_airflow_nor_the_client():
    code = """
import sys
from airflow_provider_gong.get_provider_info import get_provider_info
get_provider_info()
print(*sys.modules)
"""
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(completed.stdout.split())
    assert "airflow_provider_gong.get_provider_info" in loaded
    assert loaded.isdisjoint({"airflow", "httpx", "pydantic", "sqlalchemy", "wtforms"})


@pytest.mark.parametrize("kind", KINDS)
def test_every_module_with_a_class_for_users_is_listed(kind):
    assert set(listed_modules(kind)) == {module.__name__ for module in modules_of(kind) if classes_in(module, kind)}


def modules_of(kind):
    package = import_module(f"{airflow_provider_gong.__name__}.{kind}")
    found = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return [import_module(f"{package.__name__}.{name}") for name in found if not name.startswith("_")]


def classes_in(module, kind):
    suffix = kind.removesuffix("s").capitalize()
    names = [name for name in vars(module) if name.endswith(suffix) and not name.startswith("_")]
    return [name for name in names if getattr(module, name).__module__ == module.__name__]


def test_hook_class_is_that_of_the_connection_type():
    hook_class = load(CONNECTION_TYPE["hook-class-name"])
    assert hook_class.conn_type == CONNECTION_TYPE["connection-type"] == "gong"
    assert hook_class.hook_name == CONNECTION_TYPE["hook-name"]
    assert hook_class.conn_name_attr == "gong_conn_id"
    assert hook_class.default_conn_name == "gong_default"


def test_extra_links_are_importable():
    links = [load(name).__name__ for name in get_provider_info()["extra-links"]]
    assert links == ["GongCallLink", "GongCallImportReportLink"]


def test_everything_that_the_metadata_name_is_importable():
    info = get_provider_info()
    (asset,) = info["asset-uris"]
    for name in (*info["notifications"], asset["handler"], asset["factory"]):
        assert callable(load(name))


def test_guides_and_logo_exist():
    (integration,) = get_provider_info()["integrations"]
    for path in (*integration["how-to-guide"], integration["logo"]):
        assert (Path(__file__).parents[2] / path.removeprefix("/")).is_file(), path


@pytest.mark.slow
def test_airflow_lists_the_options_of_the_section():
    listed = subprocess.run(
        [sys.executable, "-m", "airflow", "config", "list", "--section", "gong", "--include-descriptions"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={name: value for name, value in os.environ.items() if name != "AIRFLOW__CORE__UNIT_TEST_MODE"},
    ).stdout
    assert "store_folder" in listed
    assert "that the processes on one host share" in listed
    assert "store_conn_id" in listed


@pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")
def test_airflow_finds_the_provider_and_can_test_its_connections():
    manager = ProvidersManager()
    assert manager.providers[DISTRIBUTION].version == airflow_provider_gong.__version__
    hook = manager.hooks["gong"]
    assert hook.hook_name == "Gong"
    assert hook.connection_testable


def test_airflow_shows_every_field_with_label_and_help():
    manager = ProvidersManager()
    widgets = manager.connection_form_widgets
    shown = {name.removeprefix("extra__gong__"): w for name, w in widgets.items() if name.startswith("extra__gong__")}
    if not (has_form_classes or reads_conn_fields):
        # Airflow 3.0 and 3.1 show no fields of any provider without the FAB provider.
        assert not shown
        return
    assert list(shown) == [field.name for field in FIELDS]
    assert [name for name, widget in shown.items() if widget.is_sensitive] == ["client_secret", "token_key"]
    behaviour = manager.field_behaviours["gong"]
    assert behaviour["relabeling"] == {
        "host": "API base URL (required)",
        "login": "Access key (required, except with OAuth)",
        "password": "Access key secret (required, except with OAuth)",
    }
    assert set(behaviour["hidden_fields"]) == {"schema"}
    assert behaviour["placeholders"]["extra__gong__company"]


@pytest.mark.parametrize("name", CONN_FIELDS)
def test_fields_explain_themselves_and_may_be_left_blank(name):
    field = CONN_FIELDS[name]
    assert field["label"]
    assert field["description"].endswith(".")
    assert ui_field_behaviour()["placeholders"][name]
    jsonschema.validate(field["schema"].get("default"), field["schema"])


def test_authentication_is_a_choice_that_defaults_to_the_access_key():
    schema = CONN_FIELDS["auth_type"]["schema"]
    assert schema["enum"] == ["access_key", "oauth"]
    assert schema["default"] == "access_key"


def test_form_of_airflow_before_3_2_has_the_same_fields():
    if not has_form_classes:
        with pytest.raises(ImportError):
            form_widgets()
        return
    widgets = form_widgets()
    assert list(widgets) == list(CONN_FIELDS)
    assert {name: widget.args[0] for name, widget in widgets.items()} == {
        name: field["label"] for name, field in CONN_FIELDS.items()
    }
    kinds = {name: widget.field_class.__name__ for name, widget in widgets.items()}
    assert kinds["client_secret"] == kinds["token_key"] == "PasswordField"
    assert kinds["requests_per_day"] == "IntegerField"
    assert widgets["auth_type"].kwargs["default"] == "access_key"
