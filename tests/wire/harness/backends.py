"""The back-end combinations, and what a test may do to a store behind the server's back.

A test never looks into a folder, a bucket or a table itself: it asks the store. A new combination
is a new `Store` and one line in `BACKENDS`.
"""

import abc
import datetime
import os
import pathlib
import shutil
import sqlite3
import uuid


class Store(abc.ABC):
    """One fresh, empty object store and database, for one server at a time.

    Methods that change the database need the server stopped; all others work while it runs.
    """

    @abc.abstractmethod
    def environment(self) -> dict:
        """The settings that make a server use this store."""

    @abc.abstractmethod
    def corrupt_object(self, stored) -> None:
        """Changes one byte in the middle of the document's object; the length stays."""

    @abc.abstractmethod
    def truncate_object(self, stored) -> None:
        """Cuts the document's object short by one byte."""

    @abc.abstractmethod
    def remove_object(self, stored) -> None:
        """Removes the document's object."""

    @abc.abstractmethod
    def has_object(self, stored) -> bool:
        """Whether bytes equal to the document's are stored."""

    @abc.abstractmethod
    def object_count(self) -> int:
        """Number of objects, referenced or not, staged ones included."""

    @abc.abstractmethod
    def add_orphan(self, age: datetime.timedelta) -> None:
        """Adds an object of that age that no row refers to."""

    @abc.abstractmethod
    def change_usage(self, user_id: str, total_bytes: int = 0, file_count: int = 0,
                     reserved_bytes: int = 0) -> None:
        """Adds these differences to the user's counters."""

    @abc.abstractmethod
    def age_deletions(self, age: datetime.timedelta) -> int:
        """Makes every deletion that much older; returns how many there are."""

    @abc.abstractmethod
    def document_rows(self) -> int:
        """Number of rows, whatever their status."""

    @abc.abstractmethod
    def pending_rows(self, user_id: str, filename: str | None = None) -> int:
        """Number of the user's uploads that have reserved their name and quota and go on."""

    @abc.abstractmethod
    def add_future_migration(self) -> None:
        """Records a migration that this binary does not know."""


class LocalSqliteStore(Store):
    """The embedded default: a folder of objects and one SQLite file."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory / "storage"
        self.directory.mkdir(parents=True)

    def environment(self) -> dict:
        return {"STORAGE_DIR": str(self.directory)}

    def _files(self) -> list:
        folders = (self.directory / "objects", self.directory / "tmp")
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    def _file_of(self, stored) -> pathlib.Path:
        ((version,),) = self._query("SELECT version FROM rag_document WHERE id = ?",
                                    (stored.document_id,))
        (path,) = (path for path in self._files() if path.name == version)
        assert path.read_bytes() == stored.data
        return path

    def corrupt_object(self, stored) -> None:
        path = self._file_of(stored)
        os.chmod(path, 0o600)
        middle = len(stored.data) // 2
        with open(path, "r+b") as file:
            file.seek(middle)
            file.write(bytes([stored.data[middle] ^ 0x01]))

    def truncate_object(self, stored) -> None:
        path = self._file_of(stored)
        os.chmod(path, 0o600)
        os.truncate(path, len(stored.data) - 1)

    def remove_object(self, stored) -> None:
        self._file_of(stored).unlink()

    def has_object(self, stored) -> bool:
        return any(path.read_bytes() == stored.data for path in self._files())

    def object_count(self) -> int:
        return len(self._files())

    def add_orphan(self, age: datetime.timedelta) -> None:
        sample = next(path for path in self._files() if path.parent.parent.name == "objects")
        name = uuid.uuid4().hex
        if "-" in sample.name:
            name = str(uuid.UUID(name))
        orphan = self.directory / "objects" / name[:2] / name
        orphan.parent.mkdir(exist_ok=True)
        orphan.write_bytes(b"nobody knows these bytes")
        then = datetime.datetime.now().timestamp() - age.total_seconds()
        os.utime(orphan, (then, then))

    def database_path(self) -> pathlib.Path:
        for path in self.directory.iterdir():
            if path.is_file() and path.open("rb").read(15) == b"SQLite format 3":
                return path
        raise AssertionError(f"no SQLite file in {self.directory}")

    def _execute(self, statement: str, parameters=()) -> int:
        connection = sqlite3.connect(self.database_path())
        try:
            with connection:
                return connection.execute(statement, parameters).rowcount
        finally:
            connection.close()

    def _query(self, statement: str, parameters=()) -> list:
        connection = sqlite3.connect(f"file:{self.database_path()}?mode=ro", uri=True)
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def change_usage(self, user_id, total_bytes=0, file_count=0, reserved_bytes=0) -> None:
        changed = self._execute(
            "UPDATE user_usage SET total_bytes = total_bytes + ?, file_count = file_count + ?,"
            " reserved_bytes = reserved_bytes + ? WHERE user_id = ?",
            (total_bytes, file_count, reserved_bytes, user_id))
        assert changed == 1, f"{user_id!r} has {changed} usage rows"

    def age_deletions(self, age: datetime.timedelta) -> int:
        milliseconds = int(age.total_seconds() * 1000)
        return self._execute(
            "UPDATE rag_document SET deleted_at = deleted_at - ?, purge_after = purge_after - ?"
            " WHERE deleted_at IS NOT NULL", (milliseconds, milliseconds))

    def document_rows(self) -> int:
        return self._query("SELECT count(*) FROM rag_document")[0][0]

    def pending_rows(self, user_id: str, filename: str | None = None) -> int:
        return self._query("SELECT count(*) FROM rag_document WHERE status = 'PENDING'"
                           " AND user_id = ?1 AND filename = coalesce(?2, filename)",
                           (user_id, filename))[0][0]

    def add_future_migration(self) -> None:
        self._execute(
            "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name,"
            " started_at, applied_steps_count)"
            " SELECT ?, checksum, finished_at, '29990101000000_from_the_future', started_at, 1"
            " FROM _prisma_migrations LIMIT 1", (str(uuid.uuid4()),))

    # What follows is about the folder itself, so only tests of the embedded default use it.

    def signing_key_path(self) -> pathlib.Path:
        found = [path for path in self.directory.iterdir() if "key" in path.name]
        assert len(found) == 1, f"signing key among {sorted(self.directory.iterdir())}"
        return found[0]

    def admin_socket_path(self) -> pathlib.Path:
        (found,) = [path for path in self.directory.iterdir() if path.is_socket()]
        return found

    def corrupt_database(self) -> None:
        """Destroys the schema page of the file and drops the journal that could heal it."""
        path = self.database_path()
        for journal in self.directory.glob(path.name + "-*"):
            journal.unlink()
        with open(path, "r+b") as file:
            file.seek(100)
            file.write(os.urandom(3996))

    def remove(self) -> None:
        shutil.rmtree(self.directory)


BACKENDS = {
    "local+sqlite": LocalSqliteStore,
}
