"""Fixtures: one server for each module, or one of its own for a test that needs it."""

import itertools
import random

import pytest

from harness.backends import BACKENDS, SessionServers
from harness.client import Client
from harness.fsck import served
from harness.server import Server

_user_numbers = itertools.count(1)


def pytest_addoption(parser):
    parser.addoption("--backend", choices=sorted(BACKENDS), default="local+sqlite",
                     help="object store and database that the servers run on")
    parser.addoption("--seed", type=int, default=None,
                     help="seed of the random tests; a random one, printed, by default")


@pytest.fixture(scope="session")
def run_seed(request) -> int:
    given = request.config.getoption("--seed")
    return random.SystemRandom().randrange(1 << 32) if given is None else given


@pytest.fixture
def rng(request, run_seed) -> random.Random:
    """Random numbers of this test; the seed is printed, so a failure shows it."""
    print(f"--seed {run_seed} ({request.node.name})")
    return random.Random(f"{run_seed} {request.node.name}")


def pytest_collection_modifyitems(config, items):
    """Leaves out what is about a back end that is not run, as `-m` leaves things out."""
    chosen = BACKENDS[config.getoption("--backend")]
    left_out = [item for item in items
                if any(chosen.lacks(marker.name) for marker in item.iter_markers())]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    # What has to wait for long begins first and is looked at last; the others run meanwhile.
    items.sort(key=lambda item: (item.get_closest_marker("late") is not None)
               - (item.get_closest_marker("early") is not None))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Shows with a failure what the servers it had to do with found worth a warning."""
    report = yield
    if report.failed:
        arguments = getattr(item, "funcargs", {})
        own = getattr(arguments.get("new_server"), "made", ())
        for server in filter(None, (arguments.get("server"), *own)):
            report.sections.append((f"Server on {server.address}", server.complaints()))
    return report


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """The databases, object stores and proxies of the run."""
    shared = SessionServers(tmp_path_factory.mktemp("servers"))
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def make_store(request, servers, tmp_path_factory):
    chosen = BACKENDS[request.config.getoption("--backend")]
    return lambda: chosen.make(servers, tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def server(request, make_store, tmp_path_factory):
    """The module's server: its settings are the module's SERVER_SETTINGS.

    When the module is done the server must end with 0 and leave a clean store, unless the module
    says DAMAGES_STORE.
    """
    settings = getattr(request.module, "SERVER_SETTINGS", {})
    own = Server(make_store(), tmp_path_factory.mktemp("server"), settings)
    with served(own, not getattr(request.module, "DAMAGES_STORE", False)) as running:
        yield running


@pytest.fixture(scope="module")
def client(server):
    with Client(server.address) as shared:
        yield shared


@pytest.fixture
def new_server(make_store, tmp_path_factory):
    """Makes servers of the test's own, not started; what still runs at the end is killed."""
    made = []

    def make(store=None, arguments=(), user=None, program=None, **settings) -> Server:
        made.append(Server(store or make_store(), tmp_path_factory.mktemp("server"), settings,
                           arguments, user, program))
        return made[-1]
    make.made = made
    yield make
    for server in made:
        if server.running():
            server.kill()


@pytest.fixture
def connect():
    """Makes clients that are closed at the end."""
    made = []

    def make(server, **keywords) -> Client:
        made.append(Client(server.address, **keywords))
        return made[-1]
    yield make
    for client in made:
        client.close()


@pytest.fixture
def user() -> str:
    """A user id that no other test has."""
    return f"user-{next(_user_numbers):05d}"
