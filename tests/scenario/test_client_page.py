"""The program on the client's page."""

from __future__ import annotations

from airflow_provider_gong.emulator import RunningEmulator


def test_client_page(gong_emulator: RunningEmulator) -> None:
    url, key, secret = gong_emulator.url, gong_emulator.access_key, gong_emulator.access_key_secret
    # [START howto_gong_client]
    from airflow_provider_gong.client import AccessKeyAuth, GongClient, GongPermissionError

    with GongClient(url, AccessKeyAuth(key, secret)) as client:
        hosts = [user.email_address for user in client.users.list()]
        try:
            scorecards = client.run("listScorecards")
        except GongPermissionError as error:
            print(error)  # names the scope that the key lacks
    # [END howto_gong_client]
    assert "tobias.okafor@example.com" in hosts
    assert scorecards
