"""OAuth tokens that all workers share: encrypted at rest, and each refresh token used by one worker only."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from airflow_provider_gong._text import local_time
from airflow_provider_gong.client.errors import GongApiError, GongAuthenticationError, GongGrantRefusedError
from airflow_provider_gong.client.oauth import OAuthClient, PostForm, Tokens
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.schema import db_now, put, token_table

log = logging.getLogger(__name__)

# Longer than a refresh can take, so a lease ends only if its holder has died.
_LEASE_SECONDS = 60.0
_CLOCK_ERROR = 1.0
_LOOK_AGAIN_SECONDS = 0.25
# A token that is about to expire could be refused on arrival.
_EARLY_SECONDS = 60.0
_EARLY_SHARE = 0.2
_KEEP_AGAIN_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)
_AUTHORIZE_AGAIN = (
    "Ask a technical administrator of Gong to authorize the app again with the command 'airflow-gong oauth authorize'."
)
_SHARE_OR_AUTHORIZE = (
    "If the app was authorized on another host, set store_conn_id in the extra of the connection to that host's "
    "store: a second authorization can invalidate the first. Otherwise, ask a technical administrator of Gong to "
    "authorize the app with the command 'airflow-gong oauth authorize'."
)


@dataclass(frozen=True, slots=True)
class _Held:
    """
    The tokens in the store, decrypted and encrypted, and the state of their refresh.

    :param tokens: the tokens; ``expires_in`` is the remaining time
    :param sealed: the encrypted tokens
    :param lifetime: total lifetime of the access token in seconds
    :param lease_number: number of the last lease
    :param lease_left: seconds until the lease ends
    :param refusal: why the token endpoint does not accept the refresh token; None if it does
    """

    tokens: Tokens
    sealed: str
    lifetime: float
    lease_number: int
    lease_left: float
    refusal: str | None

    @property
    def is_current(self) -> bool:
        """Whether the access token is valid for long enough to send a request."""
        return self.good_for > 0

    @property
    def good_for(self) -> float:
        """Seconds for which requests can be sent with the access token."""
        return self.tokens.expires_in - min(_EARLY_SECONDS, self.lifetime * _EARLY_SHARE)


class StoredTokens:
    """
    The tokens of one OAuth app, in a store. A source of tokens for ``BearerAuth``.

    One worker refreshes the tokens under a lease; the others wait for its result. New tokens are stored before they are
    used.

    :param store: the store of the tokens
    :param client: the OAuth app
    :param post: sends a form to the token endpoint
    :param key: secret that encrypts the tokens; default: the app's secret
    :param sleep: waits for a number of seconds
    :param clock: seconds since 1970, as an expression of SQL; for tests
    :param timer: seconds that only go forward; for tests
    """

    def __init__(
        self,
        store: Store,
        client: OAuthClient,
        post: PostForm,
        *,
        key: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], Any] = db_now,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store.quick
        self._location = repr(store)
        self._client = client
        self._post = post
        self._fernet = Fernet(_derived_key(key or client.client_secret, client.client_id))
        self._sleep = sleep
        self._clock = clock
        self._timer = timer
        # The access token that was read last, and until when it is good.
        self._last = ("", -math.inf)

    @property
    def base_url(self) -> str:
        """
        Base URL of the API of the company that has authorized the app.

        :raises GongAuthenticationError: if no company has
        """
        return self._look().tokens.base_url

    def token(self) -> str:
        """
        Return an access token that has not expired; the last one as long as it is good while the store is unreachable.

        :raises GongAuthenticationError: if there is none and none can be obtained
        :raises GongStoreError: if the store cannot be reached, and there is no such token
        """
        asked_at = self._timer()
        try:
            held = self._look()
        except GongStoreError:
            token, good_until = self._last
            if asked_at >= good_until:
                raise
            return token
        if held.is_current:
            self._last = (held.tokens.access_token, asked_at + held.good_for)
            return held.tokens.access_token
        return self._refreshed(lambda found: found.is_current).access_token

    def refresh(self, refused: str) -> None:
        """Replace the access token that Gong refused, unless it has already been replaced."""
        self._refreshed(lambda found: found.tokens.access_token != refused)

    def authorize(self, code: str, redirect_uri: str) -> Tokens:
        """Exchange an authorization code for tokens, and replace all earlier tokens with them."""
        tokens = self._client.exchange_code(self._post, code, redirect_uri)
        values = {"lease_number": 0, "lease_until": None, "refusal": None, **self._as_row(tokens)}
        with self._store.begin() as connection:
            put(connection, token_table, {"client_id": self._client.client_id}, values)
        return tokens

    def _refreshed(self, is_fresh: Callable[[_Held], bool]) -> Tokens:
        is_told = False
        while True:
            held = self._lease_unless(is_fresh)
            if is_fresh(held):
                return held.tokens
            if held.refusal is not None:
                raise _dead(held.refusal)
            if held.lease_left <= 0:
                return _uninterrupted(self._exchange, held, is_fresh)
            if not is_told:
                _log_wait(held.lease_left)
                is_told = True
            self._sleep(min(_LOOK_AGAIN_SECONDS, held.lease_left))

    def _exchange(self, held: _Held, is_fresh: Callable[[_Held], bool]) -> Tokens:
        try:
            tokens = self._client.exchange_refresh_token(self._post, held.tokens)
        except GongGrantRefusedError as refusal:
            words = "; ".join(refusal.errors)
            # Unless it has been replaced.
            self._update(token_table.c.tokens == held.sealed, lease_until=None, refusal=words)
            found = self._look()
            if is_fresh(found):
                return found.tokens
            raise _dead(words, status=refusal.status) from refusal
        except GongApiError:
            # The old refresh token is kept because it was probably not used.
            self._end_lease(held)
            raise
        self._keep(held, tokens)
        return tokens

    def _lease_unless(self, is_fresh: Callable[[_Held], bool]) -> _Held:
        """Return the tokens, with a lease for refreshing them if they are not fresh and no one else refreshes them."""
        with self._store.begin() as connection:
            held = self._read(connection, lock=True)
            if is_fresh(held) or held.lease_left > 0 or held.refusal is not None:
                return held
            number = held.lease_number + 1
            leased = {"lease_number": number, "lease_until": self._clock() + _LEASE_SECONDS}
            connection.execute(update(token_table).where(self._is_ours()).values(**leased))
            return replace(held, lease_number=number, lease_left=0.0)

    def _keep(self, held: _Held, tokens: Tokens) -> None:
        """
        Replace tokens with those that were obtained for them, even if this took longer than the lease.

        If the store cannot be reached, this is retried for as long as the process lives; otherwise the authorization
        would be lost.
        """
        values = {"lease_until": None, "refusal": None, **self._as_row(tokens)}
        for pause in itertools.chain(_KEEP_AGAIN_SECONDS, itertools.repeat(_KEEP_AGAIN_SECONDS[-1])):
            try:
                self._update(token_table.c.tokens == held.sealed, **values)
            except GongStoreError as error:
                log.warning("New OAuth tokens cannot be stored yet; trying again in %g s: %s", pause, error)
                self._sleep(pause)
            else:
                return

    def _end_lease(self, held: _Held) -> None:
        self._update(token_table.c.lease_number == held.lease_number, lease_until=None)

    def _update(self, condition: Any, **values: Any) -> None:
        with self._store.begin() as connection:
            connection.execute(update(token_table).where(self._is_ours(), condition).values(**values))

    def _look(self) -> _Held:
        with self._store.read() as connection:
            return self._read(connection, lock=False)

    def _read(self, connection: Connection, *, lock: bool) -> _Held:
        query = select(token_table, self._clock().label("now")).where(self._is_ours())
        found = connection.execute(query.with_for_update() if lock else query).first()
        if found is None:
            raise GongAuthenticationError(
                f"{self._location} holds no tokens of the OAuth app {self._client.client_id}.",
                remedy=_SHARE_OR_AUTHORIZE,
            )
        return _Held(
            self._decrypted(found),
            found.tokens,
            math.inf if found.lifetime is None else found.lifetime,
            found.lease_number,
            _lease_left((found.lease_until or 0.0) - found.now),
            found.refusal,
        )

    def _decrypted(self, row: Any) -> Tokens:
        try:
            access_token, refresh_token = json.loads(self._fernet.decrypt(row.tokens.encode()))
        except InvalidToken:
            raise GongAuthenticationError(
                "The stored OAuth tokens cannot be decrypted: they were encrypted with another client_secret or "
                "token_key.",
                remedy=f"Restore the one that they were encrypted with. {_AUTHORIZE_AGAIN}",
            ) from None
        return Tokens(access_token, refresh_token, row.expires_at - row.now, row.base_url)

    def _as_row(self, tokens: Tokens) -> dict[str, Any]:
        content = json.dumps([tokens.access_token, tokens.refresh_token]).encode()
        return {
            "base_url": tokens.base_url,
            "tokens": self._fernet.encrypt(content).decode(),
            "expires_at": self._clock() + tokens.expires_in,
            "lifetime": tokens.expires_in,
        }

    def _is_ours(self) -> Any:
        return token_table.c.client_id == self._client.client_id


def _lease_left(seconds: float) -> float:
    # No lease is given for longer: the clock was set back since, and its holder may have died.
    return seconds if seconds <= _LEASE_SECONDS + _CLOCK_ERROR else 0.0


def _dead(words: str, *, status: int | None = None) -> GongGrantRefusedError:
    return GongGrantRefusedError(
        "Gong does not accept the refresh token. A worker may have used it and died before it could store the new "
        "one, or the authorization was revoked.",
        status=status,
        errors=[words],
        remedy=_AUTHORIZE_AGAIN,
    )


def _uninterrupted(work: Callable[..., Tokens], *arguments: Any) -> Tokens:
    """
    Return the result of work that a signal, by which Airflow ends tasks, must not interrupt.

    A signal takes effect when the work has ended. It would lose the only valid refresh token otherwise.
    """
    with ThreadPoolExecutor(1) as pool:
        # Nobody would wait for a thread whose start was interrupted, so it starts with nothing to do.
        pool.submit(int).result()
        return pool.submit(work, *arguments).result()


def _log_wait(seconds: float) -> None:
    until = local_time(time.time() + seconds)
    log.info("Waiting until %s at the latest while another worker refreshes the OAuth tokens.", until)


def _derived_key(secret: str, client_id: str) -> bytes:
    derivation = HKDF(SHA256(), length=32, salt=client_id.encode(), info=b"airflow-provider-gong tokens")
    return base64.urlsafe_b64encode(derivation.derive(secret.encode()))
