"""Fixtures: a source database of each kind, and a store to import into."""

import functools

import pytest

from harness.backends import BACKENDS, SessionServers
from harness.cli import administer
from harness.client import Client
from harness.fsck import assert_clean
from harness.server import Server
from postgresql_server import PostgresqlServer
from sources import MariadbSource, PostgresqlSource, SqliteSource

KINDS = ("postgresql", "mysql", "sqlite")
IMPORT_SECONDS = 300


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    shared = SessionServers(tmp_path_factory.mktemp("servers"))
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def postgresql():
    server = PostgresqlServer()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def make_source(request, servers, tmp_path):
    """Makes a fresh database of a kind; only the servers that are asked for are started."""
    made = []

    def make(kind: str, **options):
        if kind == "postgresql":
            source = PostgresqlSource(request.getfixturevalue("postgresql"), **options)
        elif kind == "mysql":
            source = MariadbSource(servers.mariadb)
        else:
            source = SqliteSource(tmp_path)
        made.append(source)
        return source
    yield make
    for source in made:
        source.close()


@pytest.fixture(params=KINDS)
def source(request, make_source):
    return make_source(request.param)


@pytest.fixture
def make_server(servers, tmp_path_factory):
    """Makes servers over fresh stores, not started; at the end fsck must find nothing in them."""
    made = []

    def make(back_end="local+sqlite", **settings) -> Server:
        store = BACKENDS[back_end].make(servers, tmp_path_factory.mktemp("store"))
        made.append(Server(store, tmp_path_factory.mktemp("server"), settings))
        return made[-1]
    yield make
    for server in made:
        if server.running():
            server.kill()


@pytest.fixture
def server(make_server):
    """An embedded store that has been served once, so that it is there; not running."""
    made = make_server()
    made.start()
    assert made.stop() == 0, made.output()
    yield made
    if not made.running():
        assert_clean(made)


@pytest.fixture
def connect():
    made = []

    def make(server) -> Client:
        made.append(Client(server.address))
        return made[-1]
    yield make
    for client in made:
        client.close()


@pytest.fixture
def run_import():
    """Runs `satchel import rag-context --json` on a server's store; returns an `ImportOutcome`."""
    return functools.partial(_run_import)


def _run_import(server, source, *arguments, source_url=None):
    outcome = administer(server, "import", "rag-context", "--from", source_url or source.url(),
                         "--json", *arguments, seconds=IMPORT_SECONDS,
                         environment_extra=source.environment())
    return ImportOutcome(outcome)


NO_COUNTS = ("source_name", "other_sources")


class ImportOutcome:
    """The events that an import printed, by kind."""

    def __init__(self, outcome):
        self.exit_code = outcome.exit_code
        self.error = outcome.error
        self.text = outcome.text
        events = outcome.json_lines()
        self.notes = [event["note"] for event in events if "note" in event]
        self.teachers = {event["teacher"]["user_id"]: event["teacher"]
                         for event in events if "teacher" in event}
        reports = [event["report"] for event in events if "report" in event]
        self.report = ({key: value if key in NO_COUNTS else int(value)
                        for key, value in reports[-1].items()} if reports else None)

    def verdicts(self, row_id=None) -> list:
        return sorted(note["verdict"] for note in self.notes
                      if row_id is None or int(note["row_id"]) == row_id)
