"""An upload in a process of its own that is killed, as by a machine that goes away, at a chosen moment."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import os
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Any, Self

from sqlalchemy import event

from airflow_provider_gong.call_import.upload.upload import ImportUpload
from airflow_provider_gong.call_import.verify import ImportVerification
from airflow_provider_gong.client.auth import AccessKeyAuth
from airflow_provider_gong.client.budget import LocalBudget
from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
from airflow_provider_gong.client.exchange import ExchangePolicy
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.object_storage import ObjectStorage
from airflow_provider_gong.ledger.folder.journaled import journaled_ledger
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.store.database import Store
from tests.support.forks import FORKS
from tests.support.media import Files


@dataclass(frozen=True)
class UploadProcess:
    """
    An upload of one import.

    :param owner: identity of the worker; default: that of the import
    :param kill_at_commit: die when the store is about to commit for this time, counted from 1
    :param kill_at_state: die when the store is about to commit that a call is in this state
    :param kill_at_byte: die when so much of a recording was read
    :param import_path: where the import is kept if not in the store
    :param verifies: look for the calls of the import, instead of uploading them
    :param environment: environment variables to add, such as Airflow connections
    :param kill_at_file: die in the middle of writing the file of this number, counted from 1, to the import's folder
    :param is_eager: whether the folder gets every change at once, instead of what it must have
    :param snapshot_after: segments in the folder after which it begins with a snapshot
    """

    url: str
    access_key: str
    access_key_secret: str
    company: str
    import_id: str
    store_url: str = ""
    owner: str = ""
    kill_at_commit: int | None = None
    kill_at_state: str | None = None
    kill_at_byte: int | None = None
    import_path: str | None = None
    kill_at_file: int | None = None
    is_eager: bool = False
    snapshot_after: int = 32
    verifies: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, gong: RunningEmulator, company: str, import_id: str, **options: Any) -> Self:
        """Return an upload to an emulator; the options are the fields of the class."""
        return cls(gong.url, gong.access_key, gong.access_key_secret, company=company, import_id=import_id, **options)

    def run(self) -> int:
        """Run it to its end and return its exit code; ``-9`` if it was killed."""
        process = self.start()
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    def start(self) -> BaseProcess:
        """Start it."""
        process = FORKS.Process(target=self._upload)
        process.start()
        return process

    def _upload(self) -> None:
        os.environ.update(self.environment)
        # What forks this process may have looked for the folder of temporary files before.
        tempfile.tempdir = None
        with self._ledger() as ledger:
            self._arm(ledger.store)
            if self.verifies:
                self._verify(ledger)
            else:
                asyncio.run(self._upload_all(ledger))

    def _verify(self, ledger: Ledger) -> None:
        auth = AccessKeyAuth(self.access_key, self.access_key_secret)
        with GongClient(self.url, auth, budget=LocalBudget(10_000, 1_000_000)) as client:
            ImportVerification(ledger, client, timeout=3600).run()

    async def _upload_all(self, ledger: Ledger) -> None:
        auth = AccessKeyAuth(self.access_key, self.access_key_secret)
        budget, policy = LocalBudget(10_000, 1_000_000), ExchangePolicy(first_backoff=0.001)
        async with AsyncGongClient(self.url, auth, budget=budget, policy=policy) as client:
            owner = self.owner or self.import_id
            await ImportUpload(ledger, client, Files(self._open), owner=owner, in_flight=1, row_backoff=0.01).run()

    def _ledger(self) -> contextlib.AbstractContextManager[Ledger]:
        if self.import_path is None:
            return contextlib.nullcontext(Ledger(Store(self.store_url), self.company, self.import_id))
        folder: Any = ObjectStorage().path(self.import_path)
        if self.kill_at_file is not None:
            folder = _DeadlyFolder(folder, [self.kill_at_file])
        clock = functools.partial(next, itertools.count(0, 100)) if self.is_eager else lambda: 0.0
        options: dict[str, Any] = {"clock": clock, "snapshot_after": self.snapshot_after}
        return journaled_ledger(folder, self.company, self.import_id, **options)

    def _arm(self, store: Store) -> None:
        if self.kill_at_commit is not None:
            _die_at_commit(store, self.kill_at_commit)
        if self.kill_at_state is not None:
            _die_at_state(store, self.kill_at_state)

    def _open(self, text: str) -> Any:
        return ObjectStorage().path(text) if self.kill_at_byte is None else _DeadlyPath(text, self.kill_at_byte)


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


class _DeadlyFolder:
    """A folder whose user dies while it writes one of its files; ``countdown`` is shared by all below it."""

    def __init__(self, path: Path, countdown: list[int]) -> None:
        self._path = path
        self._countdown = countdown

    def __truediv__(self, name: str) -> _DeadlyFolder:
        return _DeadlyFolder(self._path / name, self._countdown)

    def mkdir(self, *, parents: bool, exist_ok: bool) -> None:
        self._path.mkdir(parents=parents, exist_ok=exist_ok)

    def open(self, mode: str) -> IO[Any]:
        file = self._path.open(mode)
        if mode == "rb":
            return file
        self._countdown[0] -= 1
        if self._countdown[0]:
            return file
        write = file.write

        def write_half_and_die(content: bytes) -> int:
            write(content[: len(content) // 2])
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
            return 0

        file.write = write_half_and_die  # type: ignore[method-assign, assignment]
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
