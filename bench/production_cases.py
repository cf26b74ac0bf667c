"""The cases over MinIO and MariaDB: beside MinIO itself, and beside a Python server of the same
contract over the same back ends."""

import contextlib

from back_ends import Mariadb, Minio, PythonServer, Tidb, s3_client
from figures import Figure, alternate, judged, median
from processes import Satchel, load


@contextlib.contextmanager
def production(folder):
    """MinIO, MariaDB, and Satchel and the Python server over them."""
    with Minio(folder) as minio, Mariadb(folder) as database:
        settings = {**minio.settings(), **database.settings()}
        with (Satchel(folder, settings) as satchel,
              PythonServer(folder, minio, database) as python_server):
            yield minio, satchel, python_server


def production_upload(folder, scale):
    """50 MiB x 4 streams."""
    options = {"clients": 4, "size": scale.document_bytes, "calls": scale.stream_calls}
    with production(folder) as (minio, satchel, python_server):
        runs = alternate(scale, {
            "MinIO": lambda: s3_client("put", minio, **options),
            "Python server": lambda: load("upload", python_server.target, **options),
            "satchel": lambda: load("upload", satchel.target, **options),
        })
    return judged("MinIO: upload", "mib_per_second", runs, {"MinIO": 0.75, "Python server": 1.3})


def production_download(folder, scale):
    """50 MiB x 4 streams; Satchel and the load client both check the SHA-256, MinIO's client does
    not."""
    options = {"clients": 4, "size": scale.document_bytes, "calls": scale.stream_calls}
    with production(folder) as (minio, satchel, python_server):
        runs = alternate(scale, {
            "MinIO": lambda: s3_client("get", minio, **options),
            "Python server": lambda: load("download", python_server.target, **options),
            "satchel": lambda: load("download", satchel.target, **options),
        })
    return judged("MinIO: download", "mib_per_second", runs,
                  {"MinIO": 0.40, "Python server": 1.6})


def production_small_upload(folder, scale):
    """4 KiB x 8 clients, and the same over TiDB."""
    options = {"clients": 8, "size": 4096, "seconds": scale.seconds}
    with production(folder) as (minio, satchel, python_server):
        runs = alternate(scale, {
            "MinIO": lambda: s3_client("put", minio, **options),
            "Python server": lambda: load("small-upload", python_server.target, **options),
            "satchel": lambda: load("small-upload", satchel.target, **options),
        })
    figures = judged("MinIO: small-upload", "calls_per_second", runs,
                     {"MinIO": 0.65, "Python server": 1.6})
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
    with production(folder) as (_, satchel, python_server):
        runs = alternate(scale, {
            "Python server": lambda: load("usage", python_server.target, **options),
            "satchel": lambda: load("usage", satchel.target, **options),
        })
    return judged("MariaDB: usage", "calls_per_second", runs, {"Python server": 2.5})


def production_users(folder, scale):
    """Peak memory while 100 users upload 10 MiB at once."""
    with production(folder) as (_, satchel, _):
        run = load("upload", satchel.target, clients=scale.users, calls=scale.users,
                   size=scale.user_document_bytes)
        peak = satchel.peak_mib()
    return [Figure(case="MinIO: users, peak", unit="MiB", satchel=peak, must="< 300",
                   met=peak < 300, runs={"satchel": [run]})]


PRODUCTION_CASES = {
    "production-upload": production_upload,
    "production-download": production_download,
    "production-small-upload": production_small_upload,
    "production-usage": production_usage,
    "production-users": production_users,
}
