"""Rows in the SQLite file of a storage folder; what changes it needs the server stopped."""

import os
import pathlib
import sqlite3
import uuid

from harness.sides import RowSide


class SqliteRows(RowSide):
    def __init__(self, directory: pathlib.Path):
        self.directory = directory

    def environment(self) -> dict:
        return {}

    def path(self) -> pathlib.Path:
        for path in self.directory.iterdir():
            if path.is_file() and path.open("rb").read(15) == b"SQLite format 3":
                return path
        raise AssertionError(f"no SQLite file in {self.directory}")

    def _execute(self, statement: str, parameters=()) -> int:
        connection = sqlite3.connect(self.path())
        try:
            with connection:
                return connection.execute(statement, parameters).rowcount
        finally:
            connection.close()

    def _query(self, statement: str, parameters=()) -> list:
        connection = sqlite3.connect(f"file:{self.path()}?mode=ro", uri=True)
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()

    def version_of(self, document_id) -> str:
        ((version,),) = self._query("SELECT version FROM rag_document WHERE id = ?",
                                    (document_id,))
        return version

    def set_version(self, document_id, version) -> None:
        assert self._execute("UPDATE rag_document SET version = ? WHERE id = ?",
                             (version, document_id)) == 1

    def change_usage(self, user_id, total_bytes, file_count, reserved_bytes) -> None:
        changed = self._execute(
            "UPDATE user_usage SET total_bytes = total_bytes + ?, file_count = file_count + ?,"
            " reserved_bytes = reserved_bytes + ? WHERE user_id = ?",
            (total_bytes, file_count, reserved_bytes, user_id))
        assert changed == 1, f"{user_id!r} has {changed} usage rows"

    def age_deletions(self, age) -> int:
        milliseconds = int(age.total_seconds() * 1000)
        return self._execute(
            "UPDATE rag_document SET deleted_at = deleted_at - ?, purge_after = purge_after - ?"
            " WHERE deleted_at IS NOT NULL", (milliseconds, milliseconds))

    def document_rows(self) -> int:
        return self._query("SELECT count(*) FROM rag_document")[0][0]

    def pending_rows(self, user_id, filename) -> int:
        return self._query("SELECT count(*) FROM rag_document WHERE status = 'PENDING'"
                           " AND user_id = ?1 AND filename = coalesce(?2, filename)",
                           (user_id, filename))[0][0]

    def add_future_migration(self) -> None:
        self._execute(
            "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name,"
            " started_at, applied_steps_count)"
            " SELECT ?, checksum, finished_at, '29990101000000_from_the_future', started_at, 1"
            " FROM _prisma_migrations LIMIT 1", (str(uuid.uuid4()),))

    def corrupt(self) -> None:
        """Destroys the schema page of the file and drops the journal that could heal it."""
        path = self.path()
        for journal in self.directory.glob(path.name + "-*"):
            journal.unlink()
        with open(path, "r+b") as file:
            file.seek(100)
            file.write(os.urandom(3996))

    def undo_migration(self, name: str) -> None:
        raise AssertionError("a migration of SQLite's is one transaction: it cannot be half made")
