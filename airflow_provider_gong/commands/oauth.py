"""``airflow-gong oauth``: lets an administrator of Gong authorize the app of a connection."""

from __future__ import annotations

import argparse
import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from airflow_provider_gong.commands.groups import Group, argument
from airflow_provider_gong.commands.options import UsageError
from airflow_provider_gong.commands.output import Output

if TYPE_CHECKING:
    from airflow_provider_gong.commands.target import Target


GROUP = Group("oauth", "authorize the Gong OAuth app of a connection")


@GROUP.command(
    "authorize",
    "authorize the app and store its tokens in the connection's store, which all workers share",
    argument("--redirect-uri", required=True, help="one of the app's redirect URIs in Gong"),
    argument(
        "--scope",
        action="append",
        help="scope to request; can be repeated; default: all scopes that the operators need",
    ),
)
def _authorize(options: argparse.Namespace, target: Target) -> Output:
    from airflow_provider_gong.client.oauth import SCOPES, OAuthClient

    if target.named_store or target.named_company:
        raise UsageError("the tokens belong to a connection: use --conn-id, without --store and --company")
    hook = target.hook
    client, tokens = hook.settings.auth, hook.tokens
    if tokens is None or not isinstance(client, OAuthClient):
        raise ValueError(f"The connection {hook.gong_conn_id} does not set auth_type to oauth in its extra.")
    # Checked before anyone is sent to Gong, because a code is valid for only ten minutes.
    _ = hook.store.id
    state = secrets.token_urlsafe(16)
    answer = _ask(client.authorize_url(options.redirect_uri, state, options.scope or SCOPES))
    base_url = tokens.authorize(_code(answer.strip(), state), options.redirect_uri).base_url
    data = {"conn_id": hook.gong_conn_id, "base_url": base_url}
    return Output(data, [f"Authorized. Requests of the connection {hook.gong_conn_id} now go to {base_url} ."])


def _ask(address: str) -> str:
    """Send the administrator to Gong and return the address that the browser ends up at; the dialog is not output."""
    print("Open this address as a technical administrator of Gong, and authorize the app:\n")
    print(address)
    print("\nGong then redirects your browser to the redirect URI; it does not matter if there is no page.")
    try:
        return input("Enter the whole address that the browser shows: ")
    except EOFError:
        raise ValueError("No address was entered. Run the command in a terminal, or pipe the address in.") from None


def _code(address: str, state: str) -> str:
    query = parse_qs(urlsplit(address).query)
    if "error" in query:
        raise ValueError(f"Gong did not authorize the app: {query['error'][0]}.")
    if "code" not in query:
        raise ValueError(
            "That address has no code. Enter the whole address, including the part after the question mark."
        )
    if query.get("state") != [state]:
        raise ValueError("That address belongs to another authorization: its state differs. Start again.")
    return query["code"][0]
