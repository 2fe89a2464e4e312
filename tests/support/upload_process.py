"""An upload in a process of its own that is killed, as by a machine that goes away, at a chosen moment."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from sqlalchemy import event

from airflow_provider_gong.call_import.upload import ImportUpload
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.drivers import AsyncGongClient
from airflow_provider_gong.client.exchange import ExchangePolicy
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.ledger import Ledger

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class UploadProcess:
    """
    An upload of one import.

    :param kill_at_commit: die when the store is about to commit for this time, counted from 1
    :param kill_at_state: die when the store is about to commit that a call is in this state
    :param kill_at_byte: die when so much of a recording was read
    """

    url: str
    access_key: str
    access_key_secret: str
    store_folder: Path
    company: str
    import_id: str
    kill_at_commit: int | None = None
    kill_at_state: str | None = None
    kill_at_byte: int | None = None

    def run(self) -> int:
        """Run it to its end and return its exit code; ``-9`` if it was killed."""
        process = _FORKS.Process(target=self._upload)
        process.start()
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    def _upload(self) -> None:
        asyncio.run(self._upload_all())

    async def _upload_all(self) -> None:
        store = Store.in_folder(self.store_folder)
        if self.kill_at_commit is not None:
            _die_at_commit(store, self.kill_at_commit)
        if self.kill_at_state is not None:
            _die_at_state(store, self.kill_at_state)
        auth = AccessKeyAuth(self.access_key, self.access_key_secret)
        budget, policy = LocalBudget(10_000, 1_000_000), ExchangePolicy(first_backoff=0.001)
        async with AsyncGongClient(self.url, auth, budget=budget, policy=policy) as client:
            ledger = Ledger(store, self.company, self.import_id)
            await ImportUpload(ledger, client, owner=self.import_id, open_path=self._open, in_flight=1).run()

    def _open(self, text: str) -> Any:
        return Path(text) if self.kill_at_byte is None else _DeadlyPath(text, self.kill_at_byte)


class _DeadlyPath:
    def __init__(self, text: str, kill_at_byte: int) -> None:
        self._path = Path(text)
        self._left = kill_at_byte
        self.name = self._path.name

    def stat(self) -> os.stat_result:
        return self._path.stat()

    def open(self, mode: str = "rb") -> IO[bytes]:
        file = self._path.open("rb")
        read = file.read

        def read_or_die(size: int) -> bytes:
            chunk = read(min(size, 1000))
            self._left -= len(chunk)
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return chunk

        file.read = read_or_die  # type: ignore[method-assign, assignment]
        return file


def _die_at_commit(store: Store, number: int) -> None:
    commits = 0

    def count(_: Any) -> None:
        nonlocal commits
        commits += 1
        if commits == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store.engine, "commit", count)


def _die_at_state(store: Store, state: str) -> None:
    is_written = False

    def watch(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        nonlocal is_written
        is_written = is_written or (statement.startswith("UPDATE gong_call SET state=?") and state in parameters)

    def die(_: Any) -> None:
        if is_written:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(store.engine, "before_cursor_execute", watch)
    event.listen(store.engine, "commit", die)
