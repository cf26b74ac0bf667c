"""Fixtures of the fault tests: servers over MinIO and a database, with something in between."""

import dataclasses
import os

import pytest

from harness.backends import Store
from harness.client import Client
from harness.mysql_rows import MysqlRows
from harness.s3_objects import S3Objects
from harness.server import Server
from harness.toxiproxy import Proxy

TORTURE = bool(os.environ.get("SATCHEL_TORTURE"))


@pytest.fixture(scope="session")
def make_store(servers):
    """The suite's own fixture, on MinIO and MariaDB whatever --backend says."""
    def make(sql_server=None, object_server=None) -> Store:
        return Store(S3Objects(object_server or servers.minio),
                     MysqlRows(sql_server or servers.mariadb))
    return make


@pytest.fixture(params=["mariadb", "tidb"])
def sql_server(request, servers):
    """Each database in turn."""
    return getattr(servers, request.param)


@dataclasses.dataclass
class Proxied:
    """A server under test, and the proxies between it and what it stands on."""

    server: Server
    client: Client
    objects: Proxy
    database: Proxy

    @property
    def store(self) -> Store:
        return self.server.store


@pytest.fixture
def make_proxied(servers, make_store, new_server, connect):
    """Makes started servers that reach their store and database through toxiproxy."""
    def make(sql_server=None, start=True, **settings) -> Proxied:
        store = make_store(sql_server)
        objects = servers.toxiproxy.proxy(store.objects.server.endpoint)
        database = servers.toxiproxy.proxy(store.rows.server.endpoint)
        server = new_server(
            store=store, MINIO_ENDPOINT=objects.endpoint,
            MINIO_PUBLIC_ENDPOINT=store.objects.server.endpoint,
            MICROSERVICE_DATABASE=store.rows.server.url(store.rows.database, database.endpoint),
            **settings)
        if start:
            server.start()
        return Proxied(server, connect(server), objects, database)
    return make


@pytest.fixture
def proxied(make_proxied) -> Proxied:
    return make_proxied()
