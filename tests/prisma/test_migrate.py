"""`satchel migrate` on a database server, and the book that Prisma Migrate would keep there."""

import concurrent.futures
import hashlib
import itertools

import pytest

from harness.cli import satchel
from harness.locations import REPOSITORY

MIGRATIONS = REPOSITORY / "prisma" / "migrations"
NAMES = sorted(path.parent.name for path in MIGRATIONS.glob("*/migration.sql"))
REPLICAS = 6

_numbers = itertools.count(1)


class Database:
    """An empty database, and the command on it."""

    def __init__(self, server, directory):
        self.name = f"satchel_migrate_{next(_numbers)}"
        self.server = server
        self.directory = directory
        server.execute(f"CREATE DATABASE {self.name}")

    def migrate(self, *arguments, **settings):
        # The objects' half is not touched by any of this.
        return satchel("migrate", *arguments, cwd=self.directory,
                       environment={"MICROSERVICE_DATABASE": self.server.url(self.name),
                                    **settings})

    def book(self) -> list:
        return self.server.query(
            "SELECT migration_name, checksum, finished_at IS NOT NULL, logs, rolled_back_at,"
            f" applied_steps_count FROM {self.name}._prisma_migrations ORDER BY migration_name")

    def states(self) -> list:
        return [(line["name"], line["state"])
                for line in self.migrate("status", "--json").json_lines()]


@pytest.fixture(params=["mariadb", "tidb"])
def database(request, servers, tmp_path):
    return Database(getattr(servers, request.param), tmp_path)


def in_prismas_book() -> list:
    return [(name, hashlib.sha256((MIGRATIONS / name / "migration.sql").read_bytes()).hexdigest(),
             1, None, None, 1) for name in NAMES]


def test_deploys_and_reports(database):
    before = database.migrate("status")
    assert before.exit_code == 1
    assert f"{NAMES[0]}  pending" in before.text
    assert "migrate deploy" in before.error
    assert database.states() == [(name, "pending") for name in NAMES]
    deployed = database.migrate("deploy")
    assert deployed.exit_code == 0, deployed.error
    assert deployed.text.splitlines() == [f"applied {name}" for name in NAMES]
    assert database.book() == in_prismas_book()
    assert database.migrate("status").exit_code == 0
    assert database.states() == [(name, "applied") for name in NAMES]
    again = database.migrate("deploy")
    assert (again.exit_code, "nothing to apply" in again.text) == (0, True)


def test_replicas_that_deploy_at_once_apply_each_migration_once(database):
    with concurrent.futures.ThreadPoolExecutor(REPLICAS) as replicas:
        runs = list(replicas.map(lambda _: database.migrate("deploy"), range(REPLICAS)))
    assert [run.exit_code for run in runs] == [0] * REPLICAS, [run.error for run in runs]
    assert sum(run.text.count("applied ") for run in runs) == len(NAMES)
    assert database.book() == in_prismas_book()


def test_a_failed_migration_blocks_until_it_is_resolved(database):
    # In the way of the first migration.
    database.server.execute(f"CREATE TABLE {database.name}.user_usage (x INTEGER)")
    failed = database.migrate("deploy")
    assert failed.exit_code == 1
    assert "failed" in failed.error and "migrate resolve" in failed.error
    assert database.states()[0] == (NAMES[0], "failed")
    ((name, _, finished, logs, _, steps),) = database.book()
    assert (name, finished, steps) == (NAMES[0], 0, 0)
    assert "user_usage" in logs
    assert database.migrate("deploy").exit_code == 1
    database.server.execute(
        f"DROP TABLE {database.name}.user_usage, {database.name}.rag_document")
    assert database.migrate("resolve", "--rolled-back", NAMES[0]).exit_code == 0
    assert database.migrate("deploy").exit_code == 0
    assert database.states() == [(name, "applied") for name in NAMES]


def test_a_changed_or_a_newer_schema_is_refused(database):
    assert database.migrate("deploy").exit_code == 0
    book = f"{database.name}._prisma_migrations"
    database.server.execute(f"UPDATE {book} SET checksum = REPEAT('0', 64)")
    changed = database.migrate("deploy")
    assert (changed.exit_code, database.states()[0][1]) == (1, "changed")
    assert NAMES[0] in changed.error
    database.server.execute(f"UPDATE {book} SET migration_name = '29990101000000_future'")
    newer = database.migrate("deploy")
    assert newer.exit_code == 1
    assert "29990101000000_future" in newer.error and "newer" in newer.error


def test_a_database_that_refuses_or_is_away_is_named(database):
    refused = database.migrate(
        "deploy", MICROSERVICE_DATABASE=f"mysql://nobody:secret@{database.server.endpoint}/x")
    assert refused.exit_code == 1
    assert "nobody" in refused.error and "secret" not in refused.error
    away = database.migrate("status",
                            MICROSERVICE_DATABASE="mysql://satchel:secret@127.0.0.1:1/satchel")
    assert away.exit_code == 69, away.error
    assert "secret" not in away.error
