"""Where the imports of a history are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import Connection

from airflow_provider_gong.store.database import Store


@dataclass
class Place:
    """
    A database that all workers share, or a folder for workers that share none.

    :param url: of the database; empty for a folder
    :param folder: of the journals
    :param generation: raised when what is there is lost or replaced
    """

    url: str = ""
    folder: Path = Path()
    generation: int = 0
    _stores: dict[str, Store] = field(default_factory=dict)

    def store(self) -> Store:
        """Return the database as it is opened since it was lost or replaced."""
        return self._opened(self.name, self.url)

    def host(self, import_id: str) -> Store:
        """Return the database of the host that an import in a folder runs on."""
        # Whatever it is called after its journal was damaged.
        name = import_id.rstrip("+")
        return self._opened(name, f"sqlite:///{self.folder.parent / name}.db")

    def is_private(self, file: str) -> bool:
        """Return whether a database belongs to one process, which fills it from a folder."""
        return self.is_folder and Path(file).parent != self.folder.parent

    def close(self) -> None:
        """Close what was opened."""
        for store in self._stores.values():
            store.close()

    def _opened(self, name: str, url: str) -> Store:
        return self._stores.setdefault(name, Store(url, durable=False))

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return not self.url

    @property
    def name(self) -> str:
        """Its name in the history."""
        return f"{'folder' if self.is_folder else 'store'}-{self.generation}"

    def name_of(self, connection: Connection, process: str) -> str:
        """Return the name of the ledger that a process sees; what was filled from a journal is its own."""
        return f"{self.name}/{process}" if self.is_folder else self.name
