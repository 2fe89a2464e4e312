"""What can be wrong with the store."""

from __future__ import annotations


class GongStoreError(Exception):
    """The store cannot be used; the message says what to do."""


class GongStoreNotSharedError(GongStoreError):
    """This task sees another store than the one in which its import was planned."""

    def __init__(self, planned: str, found: str) -> None:
        super().__init__(
            f"The import was planned in store {planned}, and this task sees store {found}: its workers do not share a "
            "store. Set store_conn_id in the extra of the Gong connection to a database that all workers reach, or run "
            "all tasks of the import on one host."
        )


class LeaseLostError(GongStoreError):
    """Another worker has taken over the row, because this one did not renew its lease in time."""
