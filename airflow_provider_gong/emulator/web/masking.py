"""Hides credentials in what is logged."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

_SECRET_NAMES = ("access_token", "refresh_token", "client_secret", "code", "code_verifier")
_MASK = "..."
_SECRET_VALUE = re.compile(rf'("(?:{"|".join(_SECRET_NAMES)})"\s*:\s*")[^"]*')
# The query of a presigned URL is a credential.
_URL_QUERY = re.compile(r'("downloadMediaUrl"\s*:\s*"[^"?]*\?)[^"]*')
_SIGNATURE = re.compile(r'(X-Amz-Signature=)[^"&]*')


def masked_query(query: str) -> str:
    """Return a query without the values of secret parameters."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name in _SECRET_NAMES for name, _ in pairs):
        return query
    return urlencode([(name, _MASK if name in _SECRET_NAMES else value) for name, value in pairs])


def masked_body(body: bytes | None) -> str | None:
    """Return the beginning of a JSON body as text, without tokens and the queries of URLs."""
    if body is None:
        return None
    text = body.decode("utf-8", errors="replace")
    for secret in (_SECRET_VALUE, _URL_QUERY, _SIGNATURE):
        text = secret.sub(rf"\g<1>{_MASK}", text)
    return text
