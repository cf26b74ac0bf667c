"""The servers behind Satchel, and what is measured beside it over the same ones."""

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

from processes import (ROOT, START_SECONDS_MAX, BenchError, Server, environment, first_answer,
                       free_port, run_json)

CACHE = Path(os.environ.get("SATCHEL_CACHE", Path.home() / ".cache" / "satchel"))
ACCESS_KEY = "bench-access"
SECRET_KEY = "bench-secret-key"
DATABASE_USER = "bench"
DATABASE_PASSWORD = "bench-password"


class Minio(Server):
    """MinIO over an empty folder, with its defaults."""

    def __init__(self, folder):
        port = free_port()
        self.endpoint = f"127.0.0.1:{port}"
        super().__init__([CACHE / "bin" / "minio", "server", folder / "minio", "--address",
                          self.endpoint, "--console-address", f"127.0.0.1:{free_port()}"],
                         folder / "minio.log",
                         {"MINIO_ROOT_USER": ACCESS_KEY, "MINIO_ROOT_PASSWORD": SECRET_KEY})
        self.wait_until(self._ready)

    def _ready(self):
        """It accepts connections some time before it serves them."""
        try:
            with urllib.request.urlopen(f"http://{self.endpoint}/minio/health/ready", timeout=5):
                return True
        except OSError:
            return False

    def settings(self):
        return {"MINIO_ENDPOINT": self.endpoint, "MINIO_ACCESS_KEY": ACCESS_KEY,
                "MINIO_SECRET_KEY": SECRET_KEY}


class MysqlServer(Server):
    """A server that speaks the MySQL protocol, with an empty database for Satchel and one for the
    Python server."""

    NAMES = ("satchel", "python_server")

    def make_databases(self, administrator):
        """Once the server takes statements; each may be repeated, since any may be refused."""
        statements = [f"CREATE DATABASE IF NOT EXISTS {name}" for name in self.NAMES]
        statements.append(f"CREATE USER IF NOT EXISTS '{DATABASE_USER}'@'%'"
                          f" IDENTIFIED BY '{DATABASE_PASSWORD}'")
        statements += [f"GRANT ALL ON {name}.* TO '{DATABASE_USER}'@'%'" for name in self.NAMES]
        command = ["mariadb", "--no-defaults", "--connect-timeout=5", *administrator, "-e",
                   ";".join(statements)]
        with open(self.log, "ab") as output:
            self.wait_until(lambda: subprocess.run(
                [str(part) for part in command], stdout=output, stderr=output, env=environment(),
                timeout=START_SECONDS_MAX, check=False).returncode == 0)

    def settings(self):
        return {"MICROSERVICE_DATABASE": f"mysql://{DATABASE_USER}:{DATABASE_PASSWORD}"
                                         f"@127.0.0.1:{self.port}/satchel",
                "MIGRATE_ON_START": "true"}

    def driver_arguments(self):
        return {"host": "127.0.0.1", "port": self.port, "user": DATABASE_USER,
                "password": DATABASE_PASSWORD, "db": "python_server"}


class Mariadb(MysqlServer):
    """MariaDB over an empty folder, with its defaults: every commit is on the disk."""

    def __init__(self, folder):
        data = folder / "mariadb"
        # A server that starts removes the temporary tables of all others that share its folder.
        temporary = folder / "mariadb-temporary"
        temporary.mkdir()
        user = ["--user=root"] if os.geteuid() == 0 else []
        run_quietly(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
                     f"--tmpdir={temporary}", "--auth-root-authentication-method=normal", *user])
        self.port = free_port()
        # A socket's path has at most 107 bytes, which a folder of the bench may already have.
        self.socket = Path(f"/tmp/satchel-bench-{self.port}.sock")
        super().__init__([shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults", *user,
                          f"--datadir={data}", f"--tmpdir={temporary}", f"--socket={self.socket}",
                          "--bind-address=127.0.0.1", f"--port={self.port}"],
                         folder / "mariadb.log")
        administrator = [f"--socket={self.socket}", "--user=root"]
        self.make_databases(administrator)
        self.note = "The database was " + run_quietly([
            "mariadb", "--no-defaults", *administrator, "--skip-column-names", "-e",
            "SELECT CONCAT(@@version, ' with its defaults:'"
            " ' innodb_flush_log_at_trx_commit = ', @@innodb_flush_log_at_trx_commit,"
            " ', innodb_doublewrite = ', @@innodb_doublewrite, ', log_bin = ', @@log_bin)"]) + "."


class Tidb(MysqlServer):
    """TiDB with its embedded store, set up as docker-compose.yml does."""

    def __init__(self, folder):
        self.port = free_port()
        configuration = folder / "tidb.toml"
        configuration.write_text("split-table = false\n")
        super().__init__([CACHE / "bin" / "tidb-server", "-store=unistore",
                          f"-config={configuration}", f"-temp-dir={folder / 'tidb-temporary'}",
                          f"-path={folder / 'tidb'}", "-host=127.0.0.1", f"-P={self.port}",
                          f"-status={free_port()}", "-L=error"], folder / "tidb.log")
        self.make_databases(["--host=127.0.0.1", f"--port={self.port}", "--user=root"])


class PythonServer(Server):
    """bench/python_server.py over the same back ends."""

    def __init__(self, folder, minio, database, *options):
        port = free_port()
        self.target = f"127.0.0.1:{port}"
        super().__init__([CACHE / "venv" / "bin" / "python", ROOT / "bench" / "python_server.py",
                          "--address", self.target, "--s3", minio.endpoint,
                          "--database", json.dumps(database.driver_arguments()), *options],
                         folder / "python_server.log",
                         {"S3_ACCESS_KEY": ACCESS_KEY, "S3_SECRET_KEY": SECRET_KEY})
        self.wait_for_answer(first_answer(self.target))


def run_quietly(command):
    """Runs a tool to its end and returns what it said."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env=environment(), check=False)
    if done.returncode != 0:
        raise BenchError(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def s3_client(case, minio, **options):
    """One case of bench/s3_client, straight to MinIO."""
    command = [CACHE / "bin" / "s3_client", "-endpoint", minio.endpoint, "-case", case]
    for name, value in options.items():
        command += [f"-{name}={value}"]
    return run_json(command, settings={"S3_ACCESS_KEY": ACCESS_KEY, "S3_SECRET_KEY": SECRET_KEY})
