"""Rows as nobody should have written them: each is resolved as documented, or refused by name."""

import datetime

import pytest

import sources
from harness.cli import administer
from harness.fsck import assert_clean

NOON = datetime.datetime(2024, 5, 1, 12, 0, 0, 123456)
MIDNIGHT = datetime.datetime(2024, 5, 1, 0, 0, 0)
EPOCH = "1970-01-01T00:00:00.000Z"
LARGE_TEXT = "0123456789 äöü 🎓\n" * 500_000  # some 10 MB
QUOTA = 30 * 1024 * 1024

# id, teacher, text, source, and either the name of the document or why there is none.
ROWS = [
    (1, "ada", "plain", "notes.txt", "notes.txt"),
    (2, "ada", "the same name on the same day", "notes.txt", "notes_2.txt"),
    (3, "ada", "no name", None, "context_3.txt"),
    (4, "ada", "blank name", "  ", "context_4.txt"),
    (5, "ada", "slashes", "https://example.org/a\\b.txt", "https:__example.org_a_b.txt"),
    (6, "ada", "no extension", "README", "README.txt"),
    (7, "ada", "another type", "scan.pdf", "scan.pdf.txt"),
    (8, "ada", "upper case", "SHOUT.TXT", "SHOUT.TXT"),
    (9, "ada", "emoji 🎓 in both", "🎓 plan.txt", "🎓 plan.txt"),
    (10, "ada", "line\nbreak", "two\nlines\t.txt", "two_lines_.txt"),
    (11, "ada", "direction", "evil\u202egpj.txt", "evil_gpj.txt"),
    (12, "ada", "long", "ü" * 300 + ".txt", "ü" * 125 + ".txt"),
    (13, "ada", "long too, and cut to the same", "ü" * 299 + ".txt", "ü" * 124 + "_13.txt"),
    (14, "ada", "dots", "..", "context_14.txt"),
    (15, "ada", LARGE_TEXT, "large.txt", "large.txt"),
    (16, "ADA", "another teacher by case", "notes.txt", "notes.txt"),
    (17, "ada ", "another teacher by a space", "notes.txt", "notes.txt"),
    (18, "ada", "takes what row 2 might have", "notes_2.txt", "notes_2_18.txt"),
    (19, None, "nobody's", "a.txt", "teacher_missing"),
    (20, "", "nobody's", "a.txt", "teacher_missing"),
    (21, "a/b", "no user id", "a.txt", "teacher_invalid"),
    (22, "t" * 129, "no user id", "a.txt", "teacher_invalid"),
    (23, "ada", None, "a.txt", "text_missing"),
    (24, "ada", "", "a.txt", "text_empty"),
    (25, "poor", "0123456789", "a.txt", "a.txt"),
    (26, "poor", "0123456789", "b.txt", "over_quota"),
    (27, "poor", "01234", "c.txt", "c.txt"),
    (28, "ada", "  spaces stay  \r\n", "spaces.txt", "spaces.txt"),
]
REFUSED = {row[0]: row[4] for row in ROWS
           if row[4].split("_")[0] in ("teacher", "text", "over")}


def rows_of_table():
    return [{"id": row_id, "teacherId": teacher, "context_data": text, "source": name,
             "timestamp": NOON} for row_id, teacher, text, name, _ in ROWS]


@pytest.fixture
def poor_server(server):
    """The teacher "poor" may store 15 bytes."""
    assert administer(server, "quota", "set", "poor", "15").exit_code == 0
    return server


def test_each_row_is_resolved_or_refused(source, poor_server, run_import, connect):
    source.write(rows_of_table())
    before = source.fingerprint()
    plan = run_import(poor_server, source, "--dry-run")
    assert plan.report, plan.error
    assert poor_server.store.document_rows() == 0, "a plan writes nothing"
    done = run_import(poor_server, source)
    assert done.exit_code == 1, "refused rows are an exit code"
    for outcome in (plan, done):
        problems = {int(note["row_id"]): note["verdict"]
                    for note in outcome.notes if note["problem"]}
        assert problems == REFUSED
        assert outcome.report["rows"] == len(ROWS)
        assert outcome.report["importable"] == len(ROWS) - len(REFUSED)
        assert "name_clash" in outcome.verdicts(2) and "name_changed" in outcome.verdicts(5)
    assert done.report["imported"] == len(ROWS) - len(REFUSED)
    assert plan.teachers["poor"] == {
        "user_id": "poor", "rows": "2", "bytes": "15", "used_bytes": "0", "quota_bytes": "15",
        "rows_over_quota": "1", "bytes_over_quota": "10"}
    assert source.fingerprint() == before, "the source is only read"

    poor_server.start()
    client = connect(poor_server)
    for row_id, teacher, text, _, name in ROWS:
        if row_id in REFUSED:
            continue
        found = [document for document in client.list_all(teacher) if document.filename == name]
        assert len(found) == 1, (row_id, name)
        assert found[0].category == "rag_context" and found[0].mime_type == "text/plain"
        assert found[0].created_at == "2024-05-01T12:00:00.123Z"
        assert client.download(teacher, found[0].document_id).data == text.encode()

    again = run_import(poor_server, source)
    assert again.report["imported"] == 0, "a second run is a no-op, over the running server too"
    assert again.report["imported_before"] == len(ROWS) - len(REFUSED)
    verified = run_import(poor_server, source, "--verify")
    assert verified.report["verified"] == len(ROWS) - len(REFUSED)
    assert verified.report["problems"] == len(REFUSED)
    assert verified.report["refused"] == len(REFUSED)
    assert poor_server.stop() == 0
    back = run_import(poor_server, source, "--rollback")
    assert (back.exit_code, back.report["removed"]) == (0, len(ROWS) - len(REFUSED))
    assert poor_server.store.document_rows() == 0 and poor_server.store.object_count() == 0
    assert_clean(poor_server)


def test_times(source, server, run_import, connect):
    """What the type of the column can hold of bad times, per database."""
    rows = [{"id": 1, "teacherId": "ada", "context_data": "late", "source": "late.txt",
             "timestamp": datetime.datetime(2024, 12, 31, 23, 59, 59, 999999)},
            {"id": 2, "teacherId": "ada", "context_data": "early", "source": "early.txt",
             "timestamp": MIDNIGHT},
            {"id": 3, "teacherId": "ada", "context_data": "none", "source": "none.txt",
             "timestamp": None},
            {"id": 4, "teacherId": "ada", "context_data": "bad", "source": "bad.txt",
             "timestamp": NOON}]
    source.write(rows)
    bad = {"postgresql": "UPDATE rag_context SET timestamp = 'infinity' WHERE id = 4",
           "mysql": "UPDATE rag_context SET timestamp = '0000-00-00 00:00:00' WHERE id = 4",
           "sqlite": "UPDATE rag_context SET timestamp = 'yesterday' WHERE id = 4"}[source.kind]
    if source.kind == "mysql":
        source.execute("SET SESSION sql_mode = ''", bad)
    else:
        source.execute(bad)
    done = run_import(server, source)
    assert (done.exit_code, done.report["imported"]) == (0, 4), done.error
    assert done.verdicts(3) == done.verdicts(4) == ["time_unknown"]
    server.start()
    times = {document.filename: document.created_at
             for document in connect(server).list_all("ada")}
    assert times == {"late.txt": "2024-12-31T23:59:59.999Z",
                     "early.txt": "2024-05-01T00:00:00.000Z",
                     "none.txt": EPOCH, "bad.txt": EPOCH}
    day = connect(server).list_all("ada", date_filter="2024-12-31")
    assert [document.filename for document in day] == ["late.txt"]
    assert server.stop() == 0


def test_zones_are_heeded(make_source, server, run_import, connect):
    source = make_source("postgresql")
    source.execute(
        'CREATE TABLE rag_context (id SERIAL PRIMARY KEY, "teacherId" TEXT, context_data TEXT,'
        " source TEXT, timestamp TIMESTAMPTZ)",
        "INSERT INTO rag_context VALUES"
        " (1, 'ada', 'text', 'a.txt', '2024-05-01 01:30:00+05:30')")
    assert run_import(server, source).exit_code == 0
    server.start()
    (document,) = connect(server).list_all("ada")
    assert document.created_at == "2024-04-30T20:00:00.000Z"
    assert server.stop() == 0


def test_bytes_that_are_no_text(make_source, server, run_import):
    """SQLite holds anything in any column."""
    source = make_source("sqlite")
    source.write([{"id": i, "teacherId": "ada", "context_data": "text", "source": f"{i}.txt",
                   "timestamp": NOON} for i in range(1, 6)])
    source.execute(
        "UPDATE rag_context SET context_data = CAST(x'ff00fe' AS TEXT) WHERE id = 1",
        # A lone surrogate, as a careless program encodes it.
        "UPDATE rag_context SET context_data = CAST(x'61eda08062' AS TEXT) WHERE id = 2",
        "UPDATE rag_context SET context_data = CAST(x'610062' AS TEXT) WHERE id = 3",
        "UPDATE rag_context SET source = CAST(x'ff2e747874' AS TEXT) WHERE id = 4",
        "UPDATE rag_context SET \"teacherId\" = CAST(x'ff' AS TEXT) WHERE id = 5")
    done = run_import(server, source)
    assert done.exit_code == 1
    for row_id, verdict in ((1, "text_invalid"), (2, "text_invalid"), (3, "text_invalid"),
                            (4, "name_changed"), (5, "teacher_invalid")):
        assert done.verdicts(row_id) == [verdict]
    assert done.report["imported"] == 1


def test_a_database_without_encoding(make_source, server, run_import):
    """PostgreSQL's SQL_ASCII holds any bytes: those that are no text are one refused row."""
    source = make_source("postgresql", encoding="SQL_ASCII")
    source.execute("SET client_encoding = 'SQL_ASCII'",
                   'CREATE TABLE rag_context (id SERIAL PRIMARY KEY, "teacherId" TEXT,'
                   " context_data TEXT, source TEXT, timestamp TIMESTAMP)",
                   "INSERT INTO rag_context VALUES"
                   " (1, 'ada', E'gr\\303\\274n', 'a.txt', '2024-05-01'),"
                   " (2, 'ada', E'gr\\374n', 'b.txt', '2024-05-01')")
    done = run_import(server, source)
    assert (done.exit_code, done.report["imported"]) == (1, 1), done.error
    assert done.verdicts(2) == ["text_invalid"]
    assert run_import(server, source, "--verify").report["verified_bytes"] == len("grün".encode())


def test_a_database_of_another_encoding(make_source, server, run_import):
    source = make_source("postgresql", encoding="LATIN1")
    source.write([{"id": 1, "teacherId": "ada", "context_data": "grün", "source": "ä.txt",
                   "timestamp": NOON}])
    done = run_import(server, source)
    assert (done.exit_code, done.report["imported"]) == (0, 1), done.error
    assert done.report["bytes"] == done.report["imported_bytes"] == len("grün".encode())
    assert run_import(server, source, "--verify").report["verified"] == 1


def test_rows_with_ids_of_all_kinds(source, server, run_import):
    rows = [{"id": row_id, "teacherId": "ada", "context_data": "text", "source": None,
             "timestamp": NOON} for row_id in (-2147483648, -1, 1, 2147483647)]
    source.write(rows)
    assert run_import(server, source).report["imported"] == 4
    assert run_import(server, source, "--verify").report["verified"] == 4


def test_a_large_number_of_names_alike(make_source, server, run_import):
    """More rows of one name than one batch holds."""
    source = make_source("sqlite")
    source.write([{"teacherId": "ada", "context_data": f"text {i}", "source": "notes.txt",
                   "timestamp": NOON} for i in range(1200)])
    done = run_import(server, source)
    assert (done.exit_code, done.report["imported"]) == (0, 1200)
    assert done.report["name_clashes"] == 1199
    assert run_import(server, source, "--verify").report["verified"] == 1200


def test_the_table_of_another_name(make_source, server, run_import):
    source = make_source("postgresql")
    table = sources.legacy_table("contexts", teacherId="owner", context_data="body")
    source.execute("CREATE SCHEMA old")
    table.schema = "old"
    source.write([{"id": 1, "teacherId": "ada", "context_data": "text", "source": "a.txt",
                   "timestamp": NOON}], table)
    done = run_import(server, source, "--table", "old.contexts", "--map", "teacherId=owner",
                      "--map", "context_data=body")
    assert (done.exit_code, done.report["imported"]) == (0, 1), done.error
