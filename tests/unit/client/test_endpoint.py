from __future__ import annotations

import pytest

from airflow_provider_gong.client.auth import base_url, host_name


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("https://us-12345.api.gong.io", "https://us-12345.api.gong.io"),
        ("https://us-12345.api.gong.io/", "https://us-12345.api.gong.io"),
        ("https://us-12345.api.gong.io/v2", "https://us-12345.api.gong.io"),
        ("https://us-12345.api.gong.io/v2/", "https://us-12345.api.gong.io"),
        ("  us-12345.api.gong.io\n", "https://us-12345.api.gong.io"),
        ("HTTPS://US-12345.api.Gong.io", "https://us-12345.api.gong.io"),
        ("https://gong.example.com:8443", "https://gong.example.com:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.8.9.10", "http://127.8.9.10"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_accepts_the_ways_people_write_a_host(host: str, url: str) -> None:
    assert base_url(host) == url


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("", "missing"),
        ("  ", "missing"),
        ("http://us-12345.api.gong.io", "must use https"),
        ("http://10.0.0.1", "must use https"),
        ("http://localhost.example.com", "must use https"),
        ("http://127.0.0.1.example.com", "must use https"),
        ("ftp://us-12345.api.gong.io", "not a URL"),
        ("https://", "not a URL"),
        ("https:", "not a URL"),
        ("/", "not a URL"),
        ("us-12345.api.gong.io:", "not a URL"),
        ("https://us 12345.api.gong.io", "not a URL"),
        ("https://us-12345.api.gong.io:https", "not a URL"),
        ("https://us-12345.api.gong.io:99999", "not a URL"),
        ("https://[::1", "not a URL"),
        ("https://us-12345.api.gong.io/v2/calls", "must not have a path"),
        ("https://us-12345.api.gong.io/?a=b", "must not have a path"),
        ("https://us-12345.api.gong.io/#top", "must not have a path"),
    ],
)
def test_refuses_what_credentials_should_not_be_sent_to(host: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        base_url(host)


@pytest.mark.parametrize(
    "host", ["https://key:s3cret@us-12345.api.gong.io", "key:s3cret@us-12345.api.gong.io", "key:s3/cret@gong.io"]
)
def test_refuses_credentials_in_the_host_without_repeating_them(host: str) -> None:
    with pytest.raises(ValueError, match="must not contain credentials") as caught:
        base_url(host)
    assert "cret" not in str(caught.value)


def test_company_is_known_by_its_host_with_the_port() -> None:
    assert host_name(base_url("https://us-12345.api.gong.io/v2")) == "us-12345.api.gong.io"
    assert host_name(base_url("http://localhost:8080")) == "localhost:8080"
