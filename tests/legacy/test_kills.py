"""20,000 rows, and an importer that is killed on the way, again and again."""

import datetime
import hashlib
import random
import signal
import subprocess

import pytest
import sqlalchemy

from harness.cli import administer
from harness.fsck import assert_clean
from harness.locations import binary
from harness.waiting import wait_until
from sources import legacy_table

ROWS = 20_000
KILLS = 12
TEACHERS = 40
PROGRESS_SECONDS = 120
START = datetime.datetime(2023, 1, 1, 0, 0, 0, 500_000)


def make_rows(count: int, rng: random.Random) -> list:
    """Every tenth row has no name, and every fiftieth one that others have too."""
    rows = []
    for row_id in range(1, count + 1):
        name = f"lesson {row_id}.txt"
        if row_id % 10 == 0:
            name = None
        elif row_id % 50 == 1:
            name = "summary.txt"
        rows.append({"id": row_id, "teacherId": f"teacher-{row_id % TEACHERS}",
                     "context_data": f"row {row_id} ü 🎓 " + rng.randbytes(
                         rng.randrange(1, 400)).hex(),
                     "source": name, "timestamp": START + datetime.timedelta(minutes=37 * row_id)})
    return rows


def expected_documents(rows: list) -> dict:
    """(teacher, day, name) to size and SHA-256, as the documentation says it."""
    expected = {}
    for row in rows:
        day = row["timestamp"].date().isoformat()
        name = row["source"] or f"context_{row['id']}.txt"
        if (row["teacherId"], day, name) in expected:
            name = f"{name.removesuffix('.txt')}_{row['id']}.txt"
        data = row["context_data"].encode()
        expected[row["teacherId"], day, name] = (len(data), hashlib.sha256(data).hexdigest())
    assert len(expected) == len(rows)
    return expected


def start_import(server, source, *arguments) -> subprocess.Popen:
    environment = {**server.environment, **source.environment()}
    return subprocess.Popen(
        [str(binary()), "import", "rag-context", "--from", source.url(), *arguments],
        env=environment, cwd=server.directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)


def kill_at(server, process, rows: int) -> bool:
    """Kills the importer when the store has that many rows; whether it still ran."""
    def reached():
        return process.poll() is not None or server.store.document_rows() >= rows
    wait_until(reached, PROGRESS_SECONDS, f"{rows} rows are imported")
    if process.poll() is not None:
        assert process.returncode == 0, process.stderr.read()
        return False
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return True


def check_documents(client, rows: list, rng: random.Random) -> None:
    """All documents by what a listing tells, and a sample of them by their bytes."""
    expected = expected_documents(rows)
    found = {}
    for number in range(TEACHERS):
        teacher = f"teacher-{number}"
        for document in client.list_all(teacher):
            found[teacher, document.created_at[:10], document.filename] = document
    assert found.keys() == expected.keys()
    for key, document in found.items():
        assert document.size == expected[key][0], key
    for key in rng.sample(sorted(expected), 300):
        data = client.download(key[0], found[key].document_id).data
        assert hashlib.sha256(data).hexdigest() == expected[key][1], key


def test_a_killed_import_goes_on(source, server, run_import, connect):
    rng = random.Random(source.kind)
    rows = make_rows(ROWS, rng)
    source.write(rows)
    # What counts the rows would hold a database file that is just being made, and fail its maker.
    server.start()
    assert server.stop() == 0
    kills = 0
    for number in range(KILLS):
        target = (number + 1) * len(rows) // (KILLS + 1) + rng.randrange(-20, 20)
        kills += kill_at(server, start_import(server, source), target)
    assert kills >= 10
    done = run_import(server, source)
    assert (done.exit_code, done.report["rows"]) == (0, len(rows)), done.error
    assert done.report["imported"] + done.report["imported_before"] == len(rows)
    assert done.report["imported_before"] > 0

    objects = server.store.object_count()
    again = run_import(server, source)
    assert (again.report["imported"], again.report["imported_before"]) == (0, len(rows))
    assert server.store.object_count() == objects and not again.notes
    verified = run_import(server, source, "--verify")
    assert (verified.exit_code, verified.report["verified"]) == (0, len(rows))
    assert_clean(server)

    server.start()
    client = connect(server)
    check_documents(client, rows, rng)
    bystander = client.upload("teacher-1", "own.txt", b"uploaded", category="rag_context")
    assert server.stop() == 0
    roll_back_with_kills(server, source, rows, rng, run_import)
    server.start()
    assert [document.document_id for document in connect(server).list_all("teacher-1")] == [
        bystander.document_id], "exactly what the import made is gone"
    assert server.stop() == 0
    assert server.store.object_count() == 1


def roll_back_with_kills(server, source, rows, rng, run_import):
    for target in (len(rows) * 2 // 3, len(rows) // 3):
        process = subprocess.Popen(
            [str(binary()), "import", "rag-context", "--rollback", "--from", source.url()],
            env=server.environment, cwd=server.directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: process.poll() is not None or server.store.document_rows() <= target,
                   PROGRESS_SECONDS, f"{target} rows are left")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run_import(server, source, "--rollback").exit_code == 0


def test_a_killed_server_ends_no_import(make_source, server, run_import, connect):
    """The command asks the server; when that is killed, it goes on by itself."""
    source = make_source("sqlite")
    rows = make_rows(3000, random.Random(1))
    source.write(rows)
    server.start()
    process = start_import(server, source)
    wait_until(lambda: server.store.document_rows() >= 500, PROGRESS_SECONDS, "500 rows")
    server.kill()
    assert process.wait(PROGRESS_SECONDS) == 0, process.stderr.read()
    process.stderr.close()
    done = run_import(server, source)
    assert (done.report["imported"], done.report["imported_before"]) == (0, len(rows))
    server.start()
    check_documents(connect(server), rows, random.Random(2))
    assert server.stop() == 0


@pytest.mark.parametrize("mode", [[], ["--rollback"]], ids=str)
def test_a_stopped_server_says_how_to_go_on(mode, make_source, server, run_import):
    """Who stops a server wants the store: the command does not go on by itself."""
    source = make_source("sqlite")
    rows = make_rows(3000, random.Random(7))
    source.write(rows)
    if mode:
        assert run_import(server, source).exit_code == 0
    server.start()
    documents = server.store.document_rows()
    process = start_import(server, source, *mode)
    wait_until(lambda: abs(server.store.document_rows() - documents) >= 300, PROGRESS_SECONDS,
               "300 rows are done with")
    assert server.stop() == 0
    error = process.communicate(timeout=PROGRESS_SECONDS)[1]
    assert (process.returncode, "SHUTTING_DOWN" in error) == (75, True), error
    assert "the server was stopped" in error and "the same command again" in error
    left = server.store.document_rows()
    done = run_import(server, source, *mode)
    assert done.exit_code == 0, done.error
    if mode:
        assert "what was removed stays removed" in error
        # A few were deleted and not out of the book yet; those that are purged too have no row.
        removed, deleted_since = done.report["removed"], done.report["deleted_since"]
        assert 0 < removed <= left <= removed + deleted_since < len(rows)
    else:
        assert "what was imported stays" in error
        assert 0 < done.report["imported_before"] == left < len(rows)
        assert done.report["imported"] == len(rows) - left


@pytest.mark.parametrize("back_end", ["minio+mariadb", "minio+tidb"])
def test_a_killed_import_into_servers_goes_on(back_end, make_source, make_server, run_import,
                                              connect):
    """What a killed importer has reserved is taken over at once, not after its lease."""
    source = make_source("sqlite")
    rng = random.Random(4)
    rows = make_rows(600, rng)
    source.write(rows)
    server = make_server(back_end)
    server.start()
    kills = sum(kill_at(server, start_import(server, source), target)
                for target in (100, 200, 300, 400))
    assert kills >= 3
    done = run_import(server, source)
    assert (done.exit_code, done.report["problems"]) == (0, 0), done.error
    assert done.report["imported"] + done.report["imported_before"] == len(rows)
    assert run_import(server, source, "--verify").report["verified"] == len(rows)
    check_documents(connect(server), rows, rng)
    assert_clean(server)
    other = run_import(server, source, "--rollback", "--source-name", "other").report
    assert (other["rows"], other["other_sources"]) == (0, [done.report["source_name"]])
    assert run_import(server, source, "--rollback").report["removed"] == len(rows)
    assert server.store.document_rows() == 0
    assert_clean(server)
    assert server.stop() == 0


@pytest.mark.parametrize("kind, prepare", [
    ("postgresql", []), ("mysql", []), ("sqlite", []), ("sqlite", ["PRAGMA journal_mode = WAL"]),
], ids=["postgresql", "mysql", "sqlite", "sqlite-wal"])
def test_the_old_service_goes_on_writing(kind, prepare, make_source, server, run_import):
    """Both systems live: it waits for no import, and what it writes comes with the next one."""
    source = make_source(kind)
    source.execute(*prepare)
    rows = make_rows(500, random.Random(5))
    source.write(rows)
    patience = {"timeout": 1} if kind == "sqlite" else {}
    writer = sqlalchemy.create_engine(source.sqlalchemy_url(), connect_args=patience)
    process = start_import(server, source)
    written = []
    while process.poll() is None:
        row = {**rows[0], "id": len(rows) + len(written) + 1, "source": None}
        with writer.begin() as connection:
            connection.execute(sqlalchemy.insert(legacy_table()), [row])
        written.append(row)
    writer.dispose()
    assert process.returncode == 0, process.stderr.read()
    process.stderr.close()
    assert len(written) > 1, "the import took long enough to tell"
    done = run_import(server, source)
    assert done.exit_code == 0, done.error
    assert done.report["imported"] + done.report["imported_before"] == len(rows) + len(written)
    verified = run_import(server, source, "--verify")
    assert verified.report["verified"] == len(rows) + len(written)


@pytest.mark.parametrize("back_end", ["local+sqlite", "minio+mariadb"])
def test_imports_at_the_same_time_are_harmless(back_end, make_source, make_server, run_import):
    source = make_source("sqlite")
    rows = make_rows(150, random.Random(6))
    source.write(rows)
    server = make_server(back_end).start()
    imports = [start_import(server, source) for _ in range(3)]
    for process in imports:
        assert process.wait(PROGRESS_SECONDS) == 0, process.stderr.read()
        process.stderr.close()
    assert run_import(server, source, "--verify").report["verified"] == len(rows)
    assert_clean(server)
    assert server.stop() == 0


def test_uploads_go_on_during_an_import(make_source, server, connect):
    """Both systems live: clients upload, list and delete while the rows move."""
    source = make_source("sqlite")
    rows = make_rows(2000, random.Random(3))
    source.write(rows)
    server.start()
    client = connect(server)
    process = start_import(server, source)
    uploaded = 0
    while process.poll() is None:
        document = client.upload("teacher-1", f"own {uploaded}.txt", b"uploaded")
        if uploaded % 2:
            client.delete("teacher-1", document.document_id)
        uploaded += 1
    assert process.returncode == 0, process.stderr.read()
    process.stderr.close()
    assert uploaded > 0
    own = [d for d in client.list_all("teacher-1") if d.category == "general"]
    assert len(own) == (uploaded + 1) // 2
    assert server.stop() == 0
    assert administer(server, "fsck").exit_code == 0
