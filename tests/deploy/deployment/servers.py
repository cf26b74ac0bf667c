"""Servers for tests: on the embedded default, and over a real MinIO and MariaDB."""

import contextlib
import dataclasses
import pathlib

from minio import MinioAdmin
from minio.credentials import StaticProvider

from harness.object_servers import ACCESS_KEY, SECRET_KEY, MinioServer
from harness.server import Server
from harness.sql_servers import MariadbServer


@dataclasses.dataclass(frozen=True)
class Folder:
    """STORAGE_DIR, in which nothing is yet."""

    path: pathlib.Path

    def environment(self) -> dict:
        return {"STORAGE_DIR": str(self.path)}


class Pair(contextlib.ExitStack):
    """A MinIO and a database server, running, that hold one store in `database`.

    `data` is a folder for MinIO's disk; `certificates` (one for each, by `ca`) make them speak TLS.
    """

    def __init__(self, folder: pathlib.Path, database: str, data=None, sql=MariadbServer,
                 certificates=(None, None), ca=None):
        super().__init__()
        self.database = database
        minio, mariadb = certificates
        self.minio = self.enter_context(
            MinioServer(folder / "minio", minio, ca, data=data)).start()
        self.sql = self.enter_context(sql(folder / "sql", mariadb, ca)).start()

    def environment(self) -> dict:
        return {**self.minio.settings(), "MIGRATE_ON_START": "true",
                "MICROSERVICE_DATABASE": self.sql.url(self.database)}

    def make_database(self) -> None:
        self.sql.execute(f"CREATE DATABASE {self.database}")

    def part(self, name: str) -> "Part":
        """An empty store of its own on these servers; `name` is its database."""
        part = Part(self, name)
        self.sql.execute(f"CREATE DATABASE {name}")
        return part

    def lose_object(self, prefix: str) -> None:
        """Removes the first version under a prefix, behind the service's back."""
        client = self.minio.client()
        lost = client.list_object_versions(Bucket="documents", Prefix=prefix)["Versions"][0]
        client.delete_object(Bucket="documents", Key=lost["Key"], VersionId=lost["VersionId"])

    def administrator(self) -> MinioAdmin:
        """Of the object store."""
        return MinioAdmin(endpoint=self.minio.endpoint, secure=False,
                          credentials=StaticProvider(ACCESS_KEY, SECRET_KEY))


@dataclasses.dataclass(frozen=True)
class Part:
    """One database and one bucket of a Pair."""

    pair: Pair
    name: str

    def environment(self) -> dict:
        return {**self.pair.environment(), "MICROSERVICE_DATABASE": self.pair.sql.url(self.name),
                "MINIO_BUCKET": self.name.replace("_", "-")}


@contextlib.contextmanager
def running(directory: pathlib.Path, store=None, program=None, wait=True, **settings):
    """A server that is ready; it is ended, if the test did not do so, when the context ends.

    Without `store` it has the embedded default. Without `wait` it need not be ready: what it
    depends on may be away.
    """
    store = store or Folder(directory / "storage")
    server = Server(store, directory / "server", settings, program=program)
    try:
        yield server.start() if wait else server.spawn()
    finally:
        if server.running():
            server.kill()
