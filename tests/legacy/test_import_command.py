"""`satchel import rag-context` as an operator meets it."""

import datetime
import os
import subprocess

import pytest

from harness.certificates import Authority
from harness.cli import administer
from harness.client import Stored
from harness.fsck import assert_clean
from harness.locations import binary
from sources import SqliteSource

NOON = datetime.datetime(2024, 5, 1, 12)


def rows_of(teacher, names, text="text"):
    return [{"teacherId": teacher, "context_data": f"{text} {name}", "source": name,
             "timestamp": NOON} for name in names]


@pytest.fixture
def sqlite_source(make_source):
    return make_source("sqlite")


def test_a_table_that_is_not_there(source, server, run_import):
    source.execute("CREATE TABLE another (id INTEGER)")
    done = run_import(server, source)
    assert done.exit_code == 1 and done.report is None
    assert "there is no table rag_context" in done.error


def test_columns_that_are_called_otherwise(source, server, run_import):
    source.execute("CREATE TABLE rag_context (id INTEGER PRIMARY KEY, teacher VARCHAR(64),"
                   " body TEXT)",
                   "INSERT INTO rag_context VALUES (1, 'ada', 'text')")
    done = run_import(server, source)
    assert done.exit_code == 1
    assert "no column teacherId" in done.error and "--map teacherId=COLUMN" in done.error
    assert "body" in done.error, "it says what there is"
    mapped = ["--map", "teacherId=teacher", "--map", "context_data=body", "--map", "source=",
              "--map", "timestamp="]
    done = run_import(server, source, *mapped)
    assert (done.exit_code, done.report["imported"]) == (0, 1), done.error


def test_columns_of_other_types(make_source, server, run_import):
    source = make_source("postgresql")
    source.execute('CREATE TABLE rag_context (id TEXT, "teacherId" TEXT, context_data BYTEA,'
                   " source TEXT, timestamp TIME)")
    assert "the column id of the table rag_context is of type text" in (
        run_import(server, source).error)
    source.execute("ALTER TABLE rag_context ALTER id TYPE INT USING 1")
    assert "the column context_data of the table rag_context is of type bytea" in (
        run_import(server, source).error)


def test_a_column_that_is_no_key(source, server, run_import):
    source.execute('CREATE TABLE rag_context (id INTEGER, teacherId VARCHAR(64),'
                   ' context_data VARCHAR(64), source VARCHAR(64), timestamp VARCHAR(64))',
                   "INSERT INTO rag_context VALUES (1, 'ada', 'a', NULL, NULL)",
                   "INSERT INTO rag_context VALUES (1, 'ada', 'b', NULL, NULL)",
                   "INSERT INTO rag_context VALUES (NULL, 'ada', 'c', NULL, NULL)")
    done = run_import(server, source)
    assert done.exit_code == 1 and "is no key" in done.error


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_wrong_password_is_told_and_not_shown(kind, make_source, server):
    source = make_source(kind)
    done = administer(server, "import", "rag-context", "--from", source.url(), seconds=60,
                      environment_extra={"SATCHEL_IMPORT_PASSWORD": "no-such-secret"})
    assert done.exit_code == 1
    assert "does not let user" in done.error and "127.0.0.1:" in done.error
    assert source.url().partition("://")[2].partition("@")[0] in done.error, "who it was"
    assert "check" in done.error and "SATCHEL_IMPORT_PASSWORD" in done.error
    assert "no-such-secret" not in done.error + done.text


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_no_password_is_told_as_such(kind, make_source, server):
    done = administer(server, "import", "rag-context", "--from", make_source(kind).url())
    assert done.exit_code == 1
    assert "no password was given: set SATCHEL_IMPORT_PASSWORD" in done.error


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_database_that_is_not_there(kind, make_source, server, run_import):
    source = make_source(kind)
    url = source.url().replace(source.database, "no_such_database")
    done = run_import(server, source, source_url=url)
    if kind == "mysql":
        # To an account with few rights MariaDB does not say what there is.
        url = url.replace(url.partition("://")[2].partition("@")[0], "root")
        done = administer(server, "import", "rag-context", "--from", url)
    assert done.exit_code == 1
    assert "has no database no_such_database" in done.error and "--from" in done.error


def test_a_checked_certificate(make_source, server, run_import, postgresql, tmp_path):
    source = make_source("postgresql")
    source.write(rows_of("ada", ["a.txt"]))
    other = tmp_path / "other.crt"
    other.write_bytes(Authority("another").certificate)
    refused = run_import(server, source, source_url=f"{source.url()}?ssl_ca={other}")
    assert refused.exit_code == 1 and "certificate verify failed" in refused.error
    assert "ssl_ca" in refused.error and "127.0.0.1" in refused.error
    done = run_import(server, source, source_url=f"{source.url()}?ssl_ca={postgresql.ca}")
    assert (done.exit_code, done.report["imported"]) == (0, 1), done.error


def test_an_account_that_can_only_read(make_source, server, postgresql):
    """As the documentation wants it, and nothing more is needed."""
    source = make_source("postgresql")
    source.write(rows_of("ada", ["a.txt"]))
    source.execute(f"CREATE ROLE reader_{source.database} LOGIN PASSWORD 'reader'",
                   f"GRANT SELECT ON rag_context TO reader_{source.database}")
    url = f"postgresql://reader_{source.database}@127.0.0.1:{postgresql.port}/{source.database}"
    for mode in (["--dry-run"], [], ["--verify"], ["--rollback"]):
        done = administer(server, "import", "rag-context", "--from", url, *mode, seconds=60,
                          environment_extra={"SATCHEL_IMPORT_PASSWORD": "reader"})
        assert done.exit_code == 0, done.error


def test_a_password_from_a_file(make_source, server, tmp_path):
    source = make_source("postgresql")
    source.write(rows_of("ada", ["a.txt"]))
    secret = tmp_path / "secret"
    secret.write_text(source.password + "\n")
    done = administer(server, "import", "rag-context", "--from", source.url(), seconds=60,
                      environment_extra={"SATCHEL_IMPORT_PASSWORD_FILE": str(secret)})
    assert done.exit_code == 0, done.error
    assert "imported          1 row" in done.text


@pytest.mark.parametrize("arguments, told", [
    (["--from", "mssql://u@h/d"], "of a database that is not known"),
    (["--from", "postgresql://u:secret@host:99999/d"], "has a bad address"),
    (["--from", "postgresql://u:secret@host/d?sslmode=off"], "option that is not known"),
    (["--from", "sqlite:///x.db", "--map", "nonsense"], "takes NAME=COLUMN"),
    (["--from", "sqlite:///x.db", "--map", "context_data="], "cannot be left out"),
    (["--from", "sqlite:///x.db", "--verify", "--rollback"], "exclude"),
    ([], "--from"),
    (["--rollback"], "needs --from, or --source-name"),
])
def test_wrong_usage(arguments, told, server):
    done = administer(server, "import", "rag-context", *arguments)
    assert done.exit_code == 2
    assert told in done.error.lower() or told in done.error
    assert "secret" not in done.error


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_source_that_does_not_answer(kind, server):
    done = administer(server, "import", "rag-context", "--from", f"{kind}://u@127.0.0.1:9/d")
    assert done.exit_code == 69
    assert "cannot connect to the source database" in done.error and "127.0.0.1" in done.error


def test_a_source_that_is_not_there(server, run_import, sqlite_source, tmp_path):
    missing = run_import(server, sqlite_source, source_url=f"sqlite:///{tmp_path}/missing.db")
    assert missing.exit_code == 1
    assert f"cannot read the source {tmp_path}/missing.db: No such file" in missing.error
    assert not (tmp_path / "missing.db").exists(), "nothing is made"


def test_a_file_that_may_not_be_read(server, sqlite_source):
    """The same kind of error as that of an account without the right."""
    sqlite_source.write(rows_of("ada", ["a.txt"]))
    sqlite_source.path.chmod(0)
    # What lets root read everything.
    without_power = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    done = subprocess.run(
        [*(without_power if os.geteuid() == 0 else []), str(binary()), "import", "rag-context",
         "--from", sqlite_source.url()],
        env=server.environment, cwd=server.directory, capture_output=True, text=True, timeout=60,
        check=False)
    assert done.returncode == 1
    assert f"cannot read the source {sqlite_source.path}: Permission denied" in done.stderr
    assert f"user id {os.geteuid()}" in done.stderr, "who wanted to read it"


def test_a_source_that_is_a_folder(server, run_import, sqlite_source, tmp_path):
    folder = run_import(server, sqlite_source, source_url=f"sqlite:///{tmp_path}")
    assert folder.exit_code == 1 and "is a folder, not a file" in folder.error


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_an_account_that_may_not_read(kind, make_source, server, servers, run_import):
    source = make_source(kind)
    source.write(rows_of("ada", ["a.txt"]))
    reader = f"reader_{source.database}"
    if kind == "postgresql":
        # psycopg2 takes a single `%` for the beginning of a placeholder.
        secret = source.password.replace("%", "%%")
        source.execute(f"CREATE ROLE {reader} LOGIN PASSWORD '{secret}'")
    else:
        servers.mariadb.execute(f"CREATE USER {reader} IDENTIFIED BY %s", (source.password,))
    scheme, _, rest = source.url().partition("://")
    url = f"{scheme}://{reader}@{rest.partition('@')[2]}"
    def refused():
        done = run_import(server, source, "--dry-run", source_url=url)
        assert done.exit_code == 1 and done.report is None
        assert "denied" in done.error
        assert f"user {reader} may not read the table rag_context" in done.error
        assert "GRANT SELECT ON" in done.error and "127.0.0.1:" in done.error
    # MySQL does not even let such an account into the database,
    refused()
    source.execute("CREATE TABLE another (id INTEGER)")
    if kind == "mysql":
        # and hides from one that has been let in what it may not read.
        servers.mariadb.execute(f"GRANT SELECT ON {source.database}.another TO {reader}")
        refused()
    if kind == "postgresql":
        source.execute(f"GRANT SELECT ON rag_context TO {reader}")
    else:
        servers.mariadb.execute(f"GRANT SELECT ON {source.database}.rag_context TO {reader}")
    assert run_import(server, source, source_url=url).report["imported"] == 1, "reading suffices"


def test_a_type_that_is_not_allowed_is_told_by_the_plan(sqlite_source, make_server, run_import):
    server = make_server(STORAGE_ALLOWED_EXTENSIONS="pdf")
    server.start()
    assert server.stop() == 0
    sqlite_source.write(rows_of("ada", ["a.txt"]))
    for mode in (["--dry-run"], []):
        done = run_import(server, sqlite_source, *mode)
        assert done.exit_code == 1 and done.report is None
        assert "FILE_TYPE_NOT_ALLOWED" in done.error


def test_sql_in_the_name_of_a_column_is_a_name(source, server, run_import):
    source.write(rows_of("ada", ["a.txt"]))
    for quote in ('"', "`", "'"):
        evil = f"x{quote}; DROP TABLE rag_context; --"
        assert "has no column x" in run_import(server, source, "--map", f"source={evil}").error
        assert "there is no table x" in run_import(server, source, "--table", evil).error
    assert run_import(server, source).report["imported"] == 1


@pytest.mark.parametrize("teacher", ["ada", " ..", "a\uffffb"], ids=ascii)
def test_names_that_documents_hold_already(sqlite_source, server, run_import, connect, teacher):
    """A document that was uploaded under a row's name stays what it is."""
    today = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    sqlite_source.write([{"teacherId": teacher, "context_data": "imported",
                          "source": "plan.txt", "timestamp": today}])
    server.start()
    client = connect(server)
    own = client.upload(teacher, "plan.txt", b"uploaded", category="rag_context")
    done = run_import(server, sqlite_source)
    assert (done.exit_code, done.verdicts()) == (0, ["name_clash"])
    assert own.document_id in done.notes[0]["detail"]
    names = {document.filename: client.download(teacher, document.document_id).data
             for document in client.list_all(teacher)}
    assert names == {"plan.txt": b"uploaded", "plan_1.txt": b"imported"}
    assert run_import(server, sqlite_source, "--rollback").report["removed"] == 1
    assert [document.filename for document in client.list_all(teacher)] == ["plan.txt"]
    assert server.stop() == 0


def test_what_happens_after_an_import(sqlite_source, server, run_import, connect):
    """Documents that users delete, and rows that the old service changes, adds and removes."""
    sqlite_source.write(rows_of("ada", [f"{i}.txt" for i in range(1, 6)]))
    assert run_import(server, sqlite_source).report["imported"] == 5
    server.start()
    client = connect(server)
    deleted = next(d for d in client.list_all("ada") if d.filename == "1.txt")
    client.delete("ada", deleted.document_id)
    sqlite_source.execute("UPDATE rag_context SET context_data = 'changed' WHERE id = 2",
                          "DELETE FROM rag_context WHERE id = 3")
    sqlite_source.write(rows_of("ada", ["6.txt"]))
    done = run_import(server, sqlite_source)
    assert done.report["imported"] == 1, "the new row"
    assert done.verdicts() == ["changed_since", "source_gone"]
    assert done.exit_code == 1, "a changed row is somebody's business"
    verified = run_import(server, sqlite_source, "--verify")
    assert verified.verdicts() == ["changed_since", "deleted_since", "source_gone"]
    assert verified.report["verified"] == 3
    assert (verified.report["problems"], verified.report["changed_since"]) == (1, 1)
    names = sorted(document.filename for document in client.list_all("ada"))
    assert names == ["2.txt", "3.txt", "4.txt", "5.txt", "6.txt"], "nothing comes back"
    back = run_import(server, sqlite_source, "--rollback")
    assert (back.report["removed"], back.report["deleted_since"]) == (5, 1)
    assert not client.list_all("ada")
    assert run_import(server, sqlite_source).report["imported"] == 5, "and all anew"
    assert server.stop() == 0


def test_another_database_of_the_same_name(tmp_path, server, run_import):
    """Its rows are not the ones that were imported, whatever their ids; nothing gets mixed."""
    sources = []
    for name, count in (("one", 20), ("two", 30)):
        (tmp_path / name).mkdir()
        sources.append(SqliteSource(tmp_path / name))
        # Both were set up with the same first row.
        sources[-1].write(rows_of("ada", ["welcome.txt"]) + rows_of(
            "ada", [f"{i}.txt" for i in range(count)], text=f"from {name}"))
    one, two = sources
    assert run_import(server, one).report["imported"] == 21
    for mode in (["--dry-run"], [], ["--verify"]):
        refused = run_import(server, two, *mode)
        assert (refused.exit_code, refused.report) == (1, None)
        assert ("20 of the 21 rows here whose ids were imported as sqlite:platform.db/rag_context"
                in refused.error)
        assert "--source-name" in refused.error
    assert server.store.document_rows() == 21, "nothing was imported"
    assert run_import(server, two, "--source-name", "two").report["imported"] == 31
    for source, name in ((one, []), (two, ["--source-name", "two"])):
        again = run_import(server, source, *name)
        assert (again.exit_code, again.report["imported"]) == (0, 0)
        assert run_import(server, source, "--verify", *name).exit_code == 0


def test_a_table_whose_rows_were_all_changed(sqlite_source, server, run_import):
    """Who names the source has said which one it is."""
    sqlite_source.write(rows_of("ada", ["a.txt", "b.txt"]))
    name = run_import(server, sqlite_source).report["source_name"]
    sqlite_source.execute("UPDATE rag_context SET context_data = 'changed'")
    sqlite_source.write(rows_of("ada", ["c.txt"]))
    refused = run_import(server, sqlite_source)
    assert (refused.exit_code, refused.report) == (1, None)
    assert f"--source-name '{name}'" in refused.error
    done = run_import(server, sqlite_source, "--source-name", name)
    assert (done.report["imported"], done.verdicts()) == (1, ["changed_since"] * 2)


def test_a_rollback_takes_what_a_soft_delete_keeps(sqlite_source, make_server, run_import,
                                                   connect):
    """Otherwise its id would be in use for the next import."""
    server = make_server(SOFT_DELETE="true").start()
    client = connect(server)
    sqlite_source.write(rows_of("ada", ["a.txt", "b.txt"]))
    assert run_import(server, sqlite_source).report["imported"] == 2
    client.delete("ada", client.list_all("ada")[0].document_id)
    assert server.store.object_count() == 2
    back = run_import(server, sqlite_source, "--rollback")
    assert (back.report["removed"], back.report["deleted_since"]) == (1, 1)
    assert server.store.object_count() == server.store.document_rows() == 0
    assert run_import(server, sqlite_source).report["imported"] == 2
    assert server.stop() == 0
    assert_clean(server)


def test_verify_finds_a_changed_byte_and_a_missing_object(sqlite_source, server, run_import,
                                                          connect):
    sqlite_source.write(rows_of("ada", ["a.txt", "b.txt", "c.txt"]))
    assert run_import(server, sqlite_source).exit_code == 0
    server.start()
    client = connect(server)
    stored = {document.filename: Stored("ada", document.document_id, "rag_context",
                                        document.filename, "text/plain", "",
                                        f"text {document.filename}".encode())
              for document in client.list_all("ada")}
    assert server.stop() == 0
    server.store.corrupt_object(stored["a.txt"])
    server.store.remove_object(stored["b.txt"])
    done = run_import(server, sqlite_source, "--verify")
    assert done.exit_code == 1
    assert sorted(note["detail"] for note in done.notes) == ["its bytes are missing",
                                                             "its bytes are not the row's"]
    assert done.report["verified"] == 1
    assert (done.report["problems"], done.report["differs"], done.report["refused"]) == (2, 2, 0)
    text = administer(server, "import", "rag-context", "--from", sqlite_source.url(),
                      "--verify").text
    assert text.count("PROBLEM differs: ") == 2
    assert "\nnot equal         2 rows\n" in text and "\nrefused           0 rows\n" in text
    assert run_import(server, sqlite_source, "--rollback").exit_code == 0


def test_the_text_that_people_read(sqlite_source, server):
    sqlite_source.write(rows_of("ada", ["a.txt", "b"]) + rows_of(None, ["c.txt"]))
    url = ["import", "rag-context", "--from", sqlite_source.url()]
    plan = administer(server, *url, "--dry-run")
    assert plan.exit_code == 1
    assert "row 2: name_changed: `b` becomes `b.txt`; teacher ada" in plan.text
    assert "row 3: REFUSED teacher_missing: the teacher is NULL" in plan.text
    assert "TEACHER" in plan.text and "to import         2 rows" in plan.text
    assert "source            sqlite:platform.db/rag_context" in plan.text
    assert plan.error == "", "no progress bar without a terminal"
    assert "imported          2 rows" in administer(server, *url).text
    assert "equal             2 rows" in administer(server, *url, "--verify").text
    sqlite_source.execute("UPDATE rag_context SET context_data = 'changed' WHERE id = 1",
                          "UPDATE rag_context SET teacherId = 'ada ' WHERE id = 3")
    verified = administer(server, *url, "--verify").text
    assert "row 1: PROBLEM changed_since: " in verified
    assert "row 3: PROBLEM not_imported: " in verified and "teacher `ada `" in verified
    for line in ("equal             1 row,", "not imported      1 row:", "changed since     1 row:",
                 "refused           0 rows"):
        assert f"\n{line}" in verified
    assert "removed           2 rows" in administer(server, *url, "--rollback").text
    assert_clean(server)


def test_a_rollback_of_a_source_that_nobody_knows(sqlite_source, server):
    sqlite_source.write(rows_of("ada", ["a.txt"]))
    url = ["import", "rag-context", "--from", sqlite_source.url()]
    assert administer(server, *url).exit_code == 0
    unknown = administer(server, "import", "rag-context", "--rollback", "--source-name", "other")
    assert unknown.exit_code == 0, "as is a rollback that was made before"
    assert ("nothing of this source is in the book, which has sqlite:platform.db/rag_context\n"
            in unknown.text)
    assert "nothing of this source" not in administer(server, *url, "--rollback").text
    again = administer(server, *url, "--rollback")
    assert again.exit_code == 0 and "nothing of this source is in the book\n" in again.text
