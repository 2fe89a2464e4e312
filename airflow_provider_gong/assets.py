"""Gong assets: ``gong://<company>/calls`` represents the calls of a company."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Asset

_COMPANY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RESOURCE = re.compile(r"/[a-z][a-z_-]*")


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """
    Return the normalized form of a URI, which Airflow compares: ``gong://us-12345/calls``.

    :param uri: the URI, in parts
    :raises ValueError: if it is not of the form ``gong://<company>/<resource>``
    """
    if not _COMPANY.fullmatch(uri.netloc) or not _RESOURCE.fullmatch(uri.path) or uri.query:
        raise ValueError("The URI of a Gong asset has the form gong://<company>/calls.")
    return uri._replace(scheme="gong", netloc=uri.netloc.lower(), fragment="")


def create_asset(*, company: str, resource: str = "calls", extra: dict[str, Any] | None = None) -> Asset:
    """
    Return an asset of a company, on Airflow 3.

    :param company: name of the company, such as ``us-12345``
    :param resource: the resource, such as ``calls``
    :param extra: metadata of the asset
    """
    from airflow_provider_gong._compat import Asset

    return Asset(uri=f"gong://{company}/{resource}", extra=extra)
