"""The cases over MinIO and MariaDB: beside MinIO itself, and beside a Python server of the same
contract over the same back ends. The Python server without SHA-256 is reported, not judged."""

import contextlib
from dataclasses import dataclass

from back_ends import Mariadb, Minio, PythonServer, Tidb, s3_client
from figures import Figure, alternate, judged, median
from processes import Satchel, load


@dataclass
class Production:
    """What runs in a case."""

    minio: Minio
    satchel: Satchel
    python_server: PythonServer
    unchecked_server: PythonServer
    note: str


@contextlib.contextmanager
def production(folder):
    """MinIO, MariaDB, and Satchel and the Python server over them."""
    with Minio(folder) as minio, Mariadb(folder) as database:
        settings = {**minio.settings(), **database.settings()}
        with (Satchel(folder, settings) as satchel,
              PythonServer(folder, minio, database) as python_server,
              PythonServer(folder, minio, database, "--unchecked") as unchecked_server):
            yield Production(minio, satchel, python_server, unchecked_server, database.note)


def production_upload(folder, scale):
    """50 MiB x 4 streams."""
    options = {"clients": 4, "size": scale.document_bytes, "calls": scale.stream_calls}
    with production(folder) as servers:
        runs = alternate(scale, {
            "MinIO": lambda: s3_client("put", servers.minio, **options),
            "Python server": lambda: load("upload", servers.python_server.target, **options),
            "satchel": lambda: load("upload", servers.satchel.target, **options),
        })
    return judged("MinIO: upload", "mib_per_second", runs, {"MinIO": 0.75, "Python server": 1.3},
                  servers.note)


def production_download(folder, scale):
    """50 MiB x 4 streams. Satchel and the Python server check the SHA-256, as the contract has it.
    The clients do not: MinIO's own does not either, and all share the processors."""
    options = {"clients": 4, "size": scale.document_bytes, "calls": scale.stream_calls}

    def download(server):
        return load("unchecked-download", server.target, **options)

    with production(folder) as servers:
        runs = alternate(scale, {
            "MinIO": lambda: s3_client("get", servers.minio, **options),
            "Python server": lambda: download(servers.python_server),
            "Python, no SHA-256": lambda: download(servers.unchecked_server),
            "satchel": lambda: download(servers.satchel),
        })
    return judged("MinIO: download", "mib_per_second", runs,
                  {"MinIO": 0.40, "Python server": 1.6, "Python, no SHA-256": None}, servers.note)


def production_small_upload(folder, scale):
    """4 KiB x 8 clients, and the same over TiDB."""
    options = {"clients": 8, "size": 4096, "seconds": scale.seconds}
    with production(folder) as servers:
        runs = alternate(scale, {
            "MinIO": lambda: s3_client("put", servers.minio, **options),
            "Python server": lambda: load("small-upload", servers.python_server.target, **options),
            "satchel": lambda: load("small-upload", servers.satchel.target, **options),
        })
    figures = judged("MinIO: small-upload", "calls_per_second", runs,
                     {"MinIO": 0.65, "Python server": 1.6}, servers.note)
    own = folder / "tidb-run"
    own.mkdir()
    with Minio(own) as minio, Tidb(own) as database:
        with Satchel(own, {**minio.settings(), **database.settings()}) as satchel:
            tidb_runs = alternate(scale, {
                "satchel": lambda: load("small-upload", satchel.target, **options)})
    return [*figures,
            Figure(case="TiDB: small-upload", unit="calls/s",
                   satchel=median(tidb_runs["satchel"], "calls_per_second"),
                   baseline=median(runs["satchel"], "calls_per_second"),
                   baseline_name="over MariaDB", must="", met=True, runs=tidb_runs)]


def production_usage(folder, scale):
    """GetUsageStats x 8 clients."""
    options = {"clients": 8, "seconds": scale.seconds}
    with production(folder) as servers:
        runs = alternate(scale, {
            "Python server": lambda: load("usage", servers.python_server.target, **options),
            "satchel": lambda: load("usage", servers.satchel.target, **options),
        })
    return judged("MariaDB: usage", "calls_per_second", runs, {"Python server": 2.5}, servers.note)


def production_users(folder, scale):
    """Peak memory while 100 users upload 10 MiB at once."""
    with production(folder) as servers:
        run = load("upload", servers.satchel.target, clients=scale.users, calls=scale.users,
                   size=scale.user_document_bytes)
        peak = servers.satchel.peak_mib()
    return [Figure(case="MinIO: users, peak", unit="MiB", satchel=peak, must="< 300",
                   met=peak < 300, runs={"satchel": [run]})]


PRODUCTION_CASES = {
    "production-upload": production_upload,
    "production-download": production_download,
    "production-small-upload": production_small_upload,
    "production-usage": production_usage,
    "production-users": production_users,
}
