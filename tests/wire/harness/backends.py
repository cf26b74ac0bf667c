"""The back-end combinations, and what a test may do to a store behind the server's back.

A test never looks into a folder, a bucket or a table itself: it asks the store. A new combination
is one line in `BACKENDS`.
"""

import contextlib
import dataclasses
import datetime
import functools
import pathlib
import shutil

from harness.local_objects import LocalObjects
from harness.mysql_rows import MysqlRows
from harness.object_servers import MinioServer, VersitygwServer
from harness.s3_objects import S3Objects
from harness.sides import ObjectSide, RowSide
from harness.sql_servers import MariadbServer, TidbServer
from harness.sqlite_rows import SqliteRows
from harness.toxiproxy import Toxiproxy


class Store:
    """One fresh, empty object store and database.

    On SQLite, methods that change the database need the server stopped; all others work while it
    runs.
    """

    # Whether Satchel itself serves the links, and not the object store.
    links_are_satchels = False

    def __init__(self, objects: ObjectSide, rows: RowSide):
        self.objects = objects
        self.rows = rows

    def environment(self) -> dict:
        """The settings that make a server use this store."""
        return {**self.objects.environment(), **self.rows.environment()}

    def _replace(self, stored, data: bytes) -> None:
        before = self.rows.version_of(stored.document_id)
        after = self.objects.replace(before, stored, data)
        if after != before:
            self.rows.set_version(stored.document_id, after)

    def corrupt_object(self, stored) -> None:
        """Changes one byte in the middle of the document's object; the length stays."""
        middle = len(stored.data) // 2
        changed = bytes([stored.data[middle] ^ 0x01])
        self._replace(stored, stored.data[:middle] + changed + stored.data[middle + 1:])

    def truncate_object(self, stored) -> None:
        """Cuts the document's object short by one byte."""
        self._replace(stored, stored.data[:-1])

    def remove_object(self, stored) -> None:
        """Removes the document's object."""
        self.objects.remove(self.rows.version_of(stored.document_id), stored)

    def has_object(self, stored) -> bool:
        """Whether bytes equal to the document's are stored."""
        return self.objects.holds(stored.data)

    def object_count(self) -> int:
        """Number of objects, referenced or not, staged ones included."""
        return self.objects.count()

    def add_orphan(self, age: datetime.timedelta) -> None:
        """Adds an object of that age that no row refers to."""
        self.objects.add_orphan(age)

    def change_usage(self, user_id: str, total_bytes: int = 0, file_count: int = 0,
                     reserved_bytes: int = 0) -> None:
        """Adds these differences to the user's counters."""
        self.rows.change_usage(user_id, total_bytes, file_count, reserved_bytes)

    def age_deletions(self, age: datetime.timedelta) -> int:
        """Makes every deletion that much older; returns how many there are."""
        return self.rows.age_deletions(age)

    def document_rows(self) -> int:
        """Number of rows, whatever their status."""
        return self.rows.document_rows()

    def pending_rows(self, user_id: str, filename: str | None = None) -> int:
        """Number of the user's uploads that have reserved their name and quota and go on."""
        return self.rows.pending_rows(user_id, filename)

    def add_future_migration(self) -> None:
        """Records a migration that this binary does not know."""
        self.rows.add_future_migration()

    def undo_migration(self, name: str) -> None:
        """Removes what an interrupted migration has made; its record stays."""
        self.rows.undo_migration(name)


class FolderStore(Store):
    """Objects in a folder, with what only tests about that folder ask for."""

    links_are_satchels = True

    def __init__(self, objects: LocalObjects, rows: RowSide):
        super().__init__(objects, rows)
        self.directory = objects.directory
        self.signing_key_path = objects.signing_key_path
        self.admin_socket_path = objects.admin_socket_path


class EmbeddedStore(FolderStore):
    """The embedded default, with what only tests about its database file ask for."""

    def __init__(self, objects: LocalObjects):
        super().__init__(objects, SqliteRows(objects.directory))
        self.database_path = self.rows.path
        self.corrupt_database = self.rows.corrupt


class SessionServers:
    """The servers that all stores of a run share, each started when it is first asked for."""

    def __init__(self, directory: pathlib.Path):
        self._directory = directory
        self._running = contextlib.ExitStack()

    def _started(self, server):
        self._running.callback(shutil.rmtree, server.directory, ignore_errors=True)
        self._running.enter_context(server)
        return server.start()

    @functools.cached_property
    def minio(self) -> MinioServer:
        return self._started(MinioServer(self._directory / "minio"))

    @functools.cached_property
    def versitygw(self) -> VersitygwServer:
        return self._started(VersitygwServer(self._directory / "versitygw"))

    @functools.cached_property
    def mariadb(self) -> MariadbServer:
        return self._started(MariadbServer(self._directory / "mariadb"))

    @functools.cached_property
    def tidb(self) -> TidbServer:
        return self._started(TidbServer(self._directory / "tidb"))

    @functools.cached_property
    def toxiproxy(self) -> Toxiproxy:
        return self._started(Toxiproxy(self._directory / "toxiproxy"))

    def close(self) -> None:
        self._running.close()


@dataclasses.dataclass(frozen=True)
class BackEnd:
    """Names of the `SessionServers` that hold objects and rows; None: the storage folder does."""

    object_server: str | None
    sql_server: str | None

    def make(self, servers: SessionServers, directory: pathlib.Path) -> Store:
        if self.sql_server is None:
            return EmbeddedStore(LocalObjects(directory))
        rows = MysqlRows(getattr(servers, self.sql_server))
        if self.object_server is None:
            return FolderStore(LocalObjects(directory), rows)
        return Store(S3Objects(getattr(servers, self.object_server)), rows)

    def lacks(self, marker: str) -> bool:
        """Whether tests with this marker of pytest's are about something else."""
        return ((marker == "local_objects" and self.object_server is not None)
                or (marker == "sqlite" and self.sql_server is not None)
                or (marker == "s3" and self.object_server is None))


BACKENDS = {
    "local+sqlite": BackEnd(None, None),
    "local+mariadb": BackEnd(None, "mariadb"),
    "minio+mariadb": BackEnd("minio", "mariadb"),
    "minio+tidb": BackEnd("minio", "tidb"),
    "versitygw+mariadb": BackEnd("versitygw", "mariadb"),
}
