"""Satchel over MinIO and each database, and beside it a program that uses Prisma."""

import itertools

import pytest

from harness.backends import BACKENDS, SessionServers
from harness.client import Client
from harness.fsck import assert_clean
from harness.server import Server
from prisma_program import PrismaProgram, compiled_program

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    shared = SessionServers(tmp_path_factory.mktemp("servers"))
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def client_script():
    with compiled_program() as script:
        yield script


@pytest.fixture(scope="session", params=["minio+mariadb", "minio+tidb"])
def server(request, servers, tmp_path_factory):
    """Every test must leave a store in which fsck finds nothing."""
    store = BACKENDS[request.param].make(servers, tmp_path_factory.mktemp("store"))
    running = Server(store, tmp_path_factory.mktemp("server"), {})
    try:
        yield running.start()
        assert running.stop() == 0, running.output()
        assert_clean(running)
    finally:
        if running.running():
            running.kill()


@pytest.fixture(scope="session")
def client(server):
    with Client(server.address) as shared:
        yield shared


@pytest.fixture(scope="session")
def prisma(server, client_script):
    program = PrismaProgram(client_script, server.settings["MICROSERVICE_DATABASE"])
    yield program
    program.close()


@pytest.fixture
def user() -> str:
    """A user id that no other test has."""
    return f"prisma-{next(_numbers):03d}"
