from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from airflow_provider_gong._compat import Connection
from airflow_provider_gong.client.oauth import OAuthClient
from airflow_provider_gong.client.pacing import DailyReset, RollingDay, Share
from airflow_provider_gong.hooks.connection import GongConnection, GongConnectionConfigError, secrets_of
from tests.unit.hooks.support import stored_connection

HOST = "https://us-12345.api.gong.io"


def connection(extra: dict[str, Any] | str | None = None, **changes: Any) -> Connection:
    fields = {"conn_type": "gong", "host": HOST, "login": "the-key", "password": "the-secret", **changes}
    text = json.dumps(extra) if isinstance(extra, dict) else extra
    return Connection(conn_id="gong_default", extra=text, **fields)


def read(extra: dict[str, Any] | str | None = None, **changes: Any) -> GongConnection:
    return GongConnection.from_airflow(connection(extra, **changes))


def problem(extra: dict[str, Any] | str | None = None, **changes: Any) -> str:
    with pytest.raises(GongConnectionConfigError) as caught:
        read(extra, **changes)
    text = str(caught.value)
    assert text.startswith("Connection 'gong_default': ")
    assert "the-secret" not in text
    return text


def test_defaults_follow_from_the_host():
    settings = read()
    assert settings.base_url == HOST
    assert settings.company == "us-12345.api.gong.io"
    assert (settings.requests_per_second, settings.requests_per_day) == (3.0, 10_000)
    assert settings.timezone is settings.store_conn_id is settings.proxy is settings.ca_bundle is None


def test_settings_are_taken_from_the_extra():
    settings = read(
        {
            "auth_type": "access_key",
            "company": "example",
            "requests_per_second": 1.5,
            "requests_per_day": 2000,
            "store_conn_id": "gong_store",
            "timezone": "Europe/Berlin",
            "proxy": "http://proxy.example.com:3128",
        }
    )
    assert settings.company == "example"
    assert (settings.requests_per_second, settings.requests_per_day) == (1.5, 2000)
    assert settings.store_conn_id == "gong_store"
    assert settings.timezone == "Europe/Berlin"
    assert settings.proxy == "http://proxy.example.com:3128"


def test_fields_that_a_form_left_empty_count_as_not_given():
    names = ("auth_type", "company", "requests_per_second", "timezone", "proxy", "ca_bundle", "client_secret")
    assert repr(read(dict.fromkeys(names, ""))) == repr(read(dict.fromkeys(names))) == repr(read())


@pytest.mark.parametrize(
    ("uri", "base_url"),
    [
        ("gong://the-key:the-secret@us-12345.api.gong.io", HOST),
        ("gong://the-key:the-secret@us-12345.api.gong.io/https", HOST),
        ("gong://https://the-key:the-secret@us-12345.api.gong.io", HOST),
        ("gong://the-key:the-secret@us-12345.api.gong.io:8443", f"{HOST}:8443"),
        ("gong://the-key:the-secret@127.0.0.1:8080/http", "http://127.0.0.1:8080"),
        ("gong://http://the-key:the-secret@127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_uris_keep_scheme_and_port_in_fields_of_their_own(uri, base_url):
    settings = GongConnection.from_airflow(stored_connection(uri))
    assert settings.base_url == base_url


def test_uris_give_numbers_as_text():
    uri = "gong://the-key:the-secret@us-12345.api.gong.io/?requests_per_second=0.5&requests_per_day=100"
    settings = GongConnection.from_airflow(stored_connection(uri))
    assert (settings.requests_per_second, settings.requests_per_day) == (0.5, 100)


def test_host_that_names_its_port_keeps_it():
    assert read(host="http://127.0.0.1:8080", port=9090).base_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"host": None}, "host is missing"),
        ({"host": " "}, "host is missing"),
        ({"host": "http://us-12345.api.gong.io"}, "must use https"),
        ({"host": "us-12345.api.gong.io", "schema": "ftp"}, "schema must be https, http or empty"),
        ({"login": None}, "login is missing"),
        ({"password": ""}, "password is missing"),
    ],
)
def test_wrong_fields_are_named(changes, named):
    assert named in problem(**changes)


@pytest.mark.parametrize("name", ["requests_per_second", "requests_per_day"])
@pytest.mark.parametrize("value", [0, -1, "fast", True, [3], "inf", "nan"])
def test_shares_must_be_positive_numbers(name, value):
    assert f"{name} must be a number greater than 0, not {value!r}" in problem({name: value})


def test_share_of_the_day_is_a_whole_number():
    assert "requests_per_day must be a whole number, not 10.5" in problem({"requests_per_day": 10.5})


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../etc/passwd", "Europe", 3])
def test_unknown_time_zones_are_refused(name):
    assert f"timezone must be an IANA time zone such as Europe/Berlin, not {name!r}" in problem({"timezone": name})


def test_oauth_takes_the_id_and_secret_of_an_app_and_no_login():
    extra = {"auth_type": "oauth", "client_id": "abc123", "client_secret": "hush", "token_key": "hidden"}
    settings = read(extra, login=None, password=None)
    assert settings.auth == OAuthClient("abc123", "hush", HOST)
    assert settings.token_key == "hidden"
    assert "hush" not in repr(settings)
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
def test_oauth_needs_an_app(name):
    extra = {"auth_type": "oauth", "client_id": "abc123", "client_secret": "hush", name: ""}
    assert f"{name} is missing" in problem(extra)


def test_unknown_authentication_is_refused():
    assert "auth_type must be access_key or oauth, not 'basic'" in problem({"auth_type": "basic"})


def test_quota_reset_is_a_time_and_a_zone():
    assert read().day == RollingDay()
    day = read({"quota_reset": "00:30 America/Los_Angeles"}).day
    assert day == DailyReset(datetime.time(0, 30), ZoneInfo("America/Los_Angeles"))


@pytest.mark.parametrize(
    "text", ["midnight", "00:00", "24:00 UTC", "0:00 UTC", "00:00 Mars/Olympus", "00:00:00 UTC", "UTC 00:00", 3]
)
def test_other_quota_resets_are_refused(text):
    assert "quota_reset must be a time of day and an IANA time zone such as" in problem({"quota_reset": text})


def test_bulk_work_leaves_a_part_of_the_day():
    assert read().share(bulk=True) == Share(3.0, 10_000, 500)
    assert read().share(bulk=False) == Share(3.0, 10_000, 0)
    assert read({"requests_per_day": 1000}).share(bulk=True).reserved_requests == 50
    assert read({"reserved_requests": "2000"}).share(bulk=True).reserved_requests == 2000
    assert read({"reserved_requests": 0}).share(bulk=True).reserved_requests == 0


def test_imports_are_kept_unless_a_retention_is_set():
    assert read({}).retention_days is None
    assert read({"retention_days": "90"}).retention_days == 90
    assert "retention_days must be a number greater than 0, not 0" in problem({"retention_days": 0})


def test_permissions_of_reports():
    assert read({}).report_mode is None
    assert read({"report_mode": "0640"}).report_mode == read({"report_mode": 640}).report_mode == 0o640
    for wrong in ("rw-r-----", "0044", "6400", 0o640 + 2000):
        assert "report_mode must be permissions in octal such as 0640, not" in problem({"report_mode": wrong})


@pytest.mark.parametrize("reserved", [10_000, 20_000])
def test_something_must_remain_for_bulk_work(reserved):
    assert "reserved_requests must be less than requests_per_day (10000)" in problem({"reserved_requests": reserved})


def test_misspelt_settings_are_refused_with_what_was_meant():
    text = problem({"request_per_second": 1})
    assert "no setting 'request_per_second'. Did you mean requests_per_second?" in text


def test_other_unknown_settings_are_refused_with_the_known_ones():
    assert "Known settings: timezone, store_conn_id, " in problem({"colour": "blue"})


@pytest.mark.parametrize("extra", ["{not json", "[1, 2]"])
def test_extra_must_be_a_json_object(extra):
    assert "extra must be" in problem(extra)


@pytest.mark.parametrize(
    "proxy",
    [
        "proxy.example.com",
        "socks5://proxy.example.com:1080",
        "http://dana:hush@proxy.example.com:port",
        "http://dana:hush@proxy.example.com:99999",
        "http://dana:hush@proxy..example.com",
        "http://dana:hush@[::1",
        "http://dana:hu\nsh@proxy.example.com",
        f"http://{'a' * 64}.example.com",
    ],
)
def test_proxy_must_be_an_http_url(proxy):
    text = problem({"proxy": proxy})
    assert "proxy must be a URL such as" in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("https://us-12345..gong.io", "is not a URL"),
        (f"https://{'a' * 64}.gong.io", "is not a URL"),
        ("https://us-12345.api.gong.io/x?X-Amz-Signature=hush", "must not have a path"),
    ],
)
def test_host_that_cannot_be_one_is_named_without_secrets(host, why):
    connection = Connection(conn_id="c", conn_type="gong", host=host, login="KEY", password="s3cret")
    with pytest.raises(GongConnectionConfigError, match=why) as caught:
        GongConnection.from_airflow(connection)
    assert "hush" not in str(caught.value)


def test_a_rate_that_would_keep_everybody_waiting_for_good_is_refused():
    assert "requests_per_second must be at least 0.0001, not '1e-300'" in problem({"requests_per_second": "1e-300"})


def test_missing_ca_bundle_is_refused(tmp_path: Path):
    path = str(tmp_path / "missing.pem")
    text = problem({"ca_bundle": path})
    assert "ca_bundle" in text
    assert path in text


def test_ca_bundle_without_certificates_is_refused(tmp_path: Path):
    path = tmp_path / "empty.pem"
    path.write_text("no certificate")
    assert "cannot be read as a PEM file" in problem({"ca_bundle": str(path)})


def test_imports_through_the_generic_host_need_a_company():
    settings = read(host="https://api.gong.io")
    with pytest.raises(GongConnectionConfigError, match="company is required for imports"):
        _ = settings.require_company()


def test_spaces_around_a_companys_name_make_no_other_company():
    assert read({"company": " example\n"}).company == "example"
    assert read({"company": "  "}).company == read().company
    assert "company may have at most 255 characters, not 256" in problem({"company": "x" * 256})


def test_imports_are_kept_under_the_named_company():
    assert read({"company": "example"}, host="https://api.gong.io").require_company() == "example"
    assert read().require_company() == "us-12345.api.gong.io"


def test_repr_shows_no_secret():
    settings = read({"proxy": "http://user:proxy-password@proxy.example.com:3128"})
    for secret in ("the-key", "the-secret", "proxy-password"):
        assert secret not in repr(settings)
    assert HOST in repr(settings)


def test_secrets_are_everything_that_must_be_masked():
    extra = {
        "client_secret": "oauth-secret",
        "token_key": "hidden",
        "proxy": "http://user:p%40ss-word@proxy.example.com:3128",
    }
    assert set(secrets_of(connection(extra))) == {
        "the-key",
        "the-secret",
        "dGhlLWtleTp0aGUtc2VjcmV0",
        "oauth-secret",
        "hidden",
        "p%40ss-word",
        "p@ss-word",
    }


def test_secrets_of_a_wrong_connection_are_known_too():
    assert set(secrets_of(connection("{not json", login=None))) == {"the-secret"}


@pytest.mark.parametrize(
    "fields",
    [
        {"host": f"{HOST}:443"},
        {"port": 443},
        {"host": "us-12345.api.gong.io", "schema": "https", "port": 443},
        {"port": 0},
    ],
)
def test_the_default_port_is_the_same_company(fields):
    assert (read(**fields).base_url, read(**fields).company) == (HOST, "us-12345.api.gong.io")


@pytest.mark.parametrize("host", ["us-123.app.gong.io", "https://us-123.app.gong.io/", "https://app.gong.io"])
def test_the_web_app_is_not_the_api(host):
    text = problem(host=host)
    assert "is that of Gong's web app" in text
    assert "Admin center > API, such as https://us-12345.api.gong.io" in text


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_line_breaks_at_the_end_of_secrets_are_cut(caplog, line_break):
    settings = read(login=f"the-key{line_break}", password=f"the-secret{line_break}")
    assert settings.auth.header() == read().auth.header()
    assert [record.getMessage() for record in caplog.records] == [
        f"Connection 'gong_default': the line break at the end of {name} is ignored. Remove it."
        for name in ("login", "password")
    ]
    assert "the-secret" in set(secrets_of(connection(password=f"the-secret{line_break}")))


def test_line_breaks_at_the_end_of_oauth_secrets_are_cut(caplog):
    extra = {"auth_type": "oauth", "client_id": "app\n", "client_secret": "hush\n", "token_key": "key\n"}
    settings = read(extra)
    assert isinstance(settings.auth, OAuthClient)
    assert (settings.auth.client_id, settings.auth.client_secret, settings.token_key) == ("app", "hush", "key")
    assert "hush" not in caplog.text


def test_secrets_of_digits_that_json_holds_as_a_number_have_no_line_break(caplog):
    settings = read({"auth_type": "oauth", "client_id": "app", "client_secret": 12345})
    assert isinstance(settings.auth, OAuthClient)
    assert settings.auth.client_secret == "12345"
    assert not caplog.records


def test_fields_that_the_form_of_airflow_2_posts_twice():
    twice = {"timezone": "Europe/Berlin", "auth_type": "access_key", "company": "example", "token_key": "hush"}
    extra = {**{f"extra__gong__{name}": value for name, value in twice.items()}, **twice}
    assert dataclasses.replace(read(extra), auth=(auth := read().auth)) == dataclasses.replace(read(twice), auth=auth)
    assert "hush" in set(secrets_of(connection({"extra__gong__token_key": "hush"})))
    assert "extra has no setting 'compny'. Did you mean company?" in problem({"extra__gong__compny": "x"})
