"""The command ``gong-oauth``: lets an administrator of Gong authorize the app of a connection."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from airflow_provider_gong._compat import AirflowException
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.oauth import SCOPES, OAuthClient
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.store.errors import GongStoreError


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Print where to authorize the app, take the code, and keep the tokens in the connection's store.

    :param arguments: the command line without the program's name; the process's own by default
    """
    options = _parser().parse_args(arguments)
    try:
        base_url = _authorize(options)
    except (GongError, GongStoreError, AirflowException, ValueError) as error:
        sys.exit(f"gong-oauth: {error}")
    print(f"Authorized. Requests of the connection {options.conn_id} go to {base_url} from now on.")


def _authorize(options: argparse.Namespace) -> str:
    hook = GongHook(options.conn_id)
    client, tokens = hook.settings.auth, hook.tokens
    if tokens is None or not isinstance(client, OAuthClient):
        raise ValueError(f"The connection {options.conn_id} has no auth_type oauth in its extra.")
    # Found out before anybody is sent to Gong, since a code is good for ten minutes only.
    _ = hook.store.id
    state = secrets.token_urlsafe(16)
    scopes = options.scope or SCOPES
    print("Open this address as a technical administrator of Gong, and authorize the app:\n")
    print(client.authorize_url(options.redirect_uri, state, scopes))
    print("\nGong then sends your browser to the redirect URI; it does not matter whether a page is there.")
    answer = input("Enter the whole address that the browser shows: ")
    return tokens.authorize(_code(answer.strip(), state), options.redirect_uri).base_url


def _code(address: str, state: str) -> str:
    query = parse_qs(urlsplit(address).query)
    if "error" in query:
        raise ValueError(f"Gong did not authorize the app: {query['error'][0]}.")
    if "code" not in query:
        raise ValueError("That address has no code. Enter all of it, such as https://example.com/callback?code=...")
    if query.get("state") != [state]:
        raise ValueError("That address belongs to another authorization: its state differs. Start again.")
    return query["code"][0]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gong-oauth",
        description="Authorize the Gong OAuth app of an Airflow connection, and keep its tokens in the connection's "
        "store, where all workers find them.",
    )
    parser.add_argument(
        "--conn-id", default=GongHook.default_conn_name, help="Airflow connection (default: %(default)s)"
    )
    parser.add_argument("--redirect-uri", required=True, help="one of the redirect URIs of the app, as Gong knows it")
    parser.add_argument(
        "--scope", action="append", help="scope to ask for, may be repeated; default: what the operators need"
    )
    return parser


if __name__ == "__main__":
    main()
