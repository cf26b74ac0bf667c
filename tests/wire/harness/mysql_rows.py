"""Rows in a database of a server that speaks the MySQL protocol."""

import itertools
import os
import re
import uuid

from harness.locations import MIGRATIONS
from harness.sides import RowSide
from harness.sql_servers import SqlServer

_numbers = itertools.count(1)


class MysqlRows(RowSide):
    """A database of its own, whose schema the server under test makes at its first start."""

    def __init__(self, server: SqlServer):
        self.server = server
        self.database = f"satchel_{os.getpid()}_{next(_numbers)}"
        server.execute(f"CREATE DATABASE {self.database}")

    def environment(self) -> dict:
        return {"MICROSERVICE_DATABASE": self.server.url(self.database),
                "MIGRATE_ON_START": "true"}

    def query(self, statement: str, parameters=()) -> list:
        """`{table}` in the statement is that table of this database."""
        return self.server.query(self._qualified(statement), parameters)

    def execute(self, statement: str, parameters=()) -> int:
        return self.server.execute(self._qualified(statement), parameters)

    def _qualified(self, statement: str) -> str:
        return statement.replace("{", f"`{self.database}`.`").replace("}", "`")

    def version_of(self, document_id) -> str:
        ((version,),) = self.query("SELECT version FROM {rag_document} WHERE id = %s",
                                   (document_id,))
        return version

    def set_version(self, document_id, version) -> None:
        assert self.execute("UPDATE {rag_document} SET version = %s WHERE id = %s",
                            (version, document_id)) == 1

    def change_usage(self, user_id, total_bytes, file_count, reserved_bytes) -> None:
        changed = self.execute(
            "UPDATE {user_usage} SET total_bytes = total_bytes + %s, file_count = file_count + %s,"
            " reserved_bytes = reserved_bytes + %s WHERE user_id = %s",
            (total_bytes, file_count, reserved_bytes, user_id))
        assert changed == 1, f"{user_id!r} has {changed} usage rows"

    def age_deletions(self, age) -> int:
        seconds = int(age.total_seconds())
        return self.execute(
            "UPDATE {rag_document} SET deleted_at = deleted_at - INTERVAL %s SECOND,"
            " purge_after = purge_after - INTERVAL %s SECOND WHERE deleted_at IS NOT NULL",
            (seconds, seconds))

    def document_rows(self) -> int:
        return self.query("SELECT count(*) FROM {rag_document}")[0][0]

    def pending_rows(self, user_id, filename) -> int:
        return self.query("SELECT count(*) FROM {rag_document} WHERE status = 'PENDING'"
                          " AND user_id = %s AND filename = coalesce(%s, filename)",
                          (user_id, filename))[0][0]

    def add_future_migration(self) -> None:
        self.execute(
            "INSERT INTO {_prisma_migrations} (id, checksum, finished_at, migration_name,"
            " started_at, applied_steps_count)"
            " SELECT %s, checksum, finished_at, '29990101000000_from_the_future', started_at, 1"
            " FROM {_prisma_migrations} LIMIT 1", (str(uuid.uuid4()),))

    def undo_migration(self, name) -> None:
        statements = (MIGRATIONS / name / "migration.sql").read_text()
        changes = re.findall(r"^(ALTER|CREATE|DROP|INSERT|UPDATE)\b", statements, re.MULTILINE)
        tables = re.findall(r"^CREATE TABLE `(\w+)`", statements, re.MULTILINE)
        assert len(changes) == len(tables), f"{name} does more than make tables: undo that as well"
        for table in tables:
            self.execute(f"DROP TABLE IF EXISTS {{{table}}}")
