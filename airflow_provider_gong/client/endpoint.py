"""The host that credentials may travel to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

GENERIC_HOST = "api.gong.io"
_HOST_NAME = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


def base_url(host: str) -> str:
    """
    Return the base URL of the API for a host as people write it.

    :param host: ``https://us-12345.api.gong.io`` or ``us-12345.api.gong.io``; plain ``http`` on loopback only
    :raises ValueError: for anything that credentials should not be sent to
    """
    text = host.strip()
    if not text:
        raise ValueError(
            "The host is missing: set your company's API base URL, as Gong shows it under Admin center > API."
        )
    if "@" in text:
        raise ValueError("The host must not contain credentials: give the access key as login and password.")
    parts = _split(text if "://" in text else f"https://{text}")
    if parts is None or parts.scheme not in ("https", "http"):
        raise ValueError(f"The host {text!r} is not a URL: expected something like https://us-12345.api.gong.io .")
    if parts.path.rstrip("/").removesuffix("/v2") or parts.query or parts.fragment:
        raise ValueError(
            f"The host {text!r} must not have a path: expected something like https://us-12345.api.gong.io ."
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError(f"The host {text!r} must use https: credentials are never sent in clear.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_loopback_url(url: str) -> bool:
    """Tell whether a base URL leads to this host."""
    return _is_loopback(urlsplit(url).hostname or "")


def host_name(url: str) -> str:
    """Return the host of a base URL, with its port if it names one."""
    return urlsplit(url).netloc


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is not a number
    except ValueError:
        return None
    return parts if _HOST_NAME.fullmatch(parts.hostname or "") and not parts.netloc.endswith(":") else None


def _is_loopback(hostname: str) -> bool:
    if hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return False
