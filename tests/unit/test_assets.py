"""The asset URI ``gong://company/calls``."""

from __future__ import annotations

from urllib.parse import urlsplit

import airflow
import pytest
from packaging.version import Version

from airflow_provider_gong.assets import create_asset, sanitize_uri

needs_airflow_3 = pytest.mark.skipif(Version(airflow.__version__) < Version("3"), reason="Airflow 2 has no assets")


def test_uris_of_one_company_are_one() -> None:
    assert sanitize_uri(urlsplit("gong://US-12345/calls#now")).geturl() == "gong://us-12345/calls"


@pytest.mark.parametrize(
    "uri", ["gong:///calls", "gong://us-1", "gong://us-1/", "gong://us-1/calls?a=1", "gong://u@h/c"]
)
def test_other_uris_are_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="gong://<company>/calls"):
        sanitize_uri(urlsplit(uri))


@needs_airflow_3
def test_airflow_uses_the_handler() -> None:
    from airflow.sdk import Asset

    assert Asset("gong://US-12345/calls/").uri == "gong://us-12345/calls"
    assert create_asset(company="US-12345").uri == "gong://us-12345/calls"
