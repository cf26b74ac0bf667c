"""Real databases that speak the MySQL protocol: MariaDB and TiDB."""

import abc
import contextlib
import os
import pathlib
import subprocess
import threading

import pymysql

from harness.back_end_process import BackEndProcess
from harness.locations import back_end_program
from harness.ports import free_port
from harness.server import clean_environment

USER = "satchel"
PASSWORD = "p@ss:w/rd%"
CONNECT_SECONDS = 5
READ_SECONDS = 60


class SqlServer(BackEndProcess):
    """`pair` (a certificate and its key) makes it speak TLS; `ca` signed it."""

    def __init__(self, directory: pathlib.Path, pair=None, ca: pathlib.Path | None = None):
        super().__init__(directory)
        self.port = free_port()
        self.ca = ca
        self.data = directory / "data"
        self._kept = threading.local()
        self._pair_paths = pair.write(directory, "server") if pair else None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connect(self):
        """A connection of the administrator's, in autocommit."""
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True,
                               charset="utf8mb4", connect_timeout=CONNECT_SECONDS,
                               read_timeout=READ_SECONDS, init_command="SET time_zone = '+00:00'",
                               client_flag=pymysql.constants.CLIENT.FOUND_ROWS)

    @contextlib.contextmanager
    def _cursor(self):
        """On a connection of this thread's, which is kept unless something goes wrong on it."""
        connection = getattr(self._kept, "connection", None)
        if connection is None or not self._is_alive(connection):
            connection = self.connect()
        self._kept.connection = None
        with connection.cursor() as cursor:
            yield cursor
        self._kept.connection = connection

    @staticmethod
    def _is_alive(connection) -> bool:
        try:
            connection.ping(reconnect=False)
        except pymysql.MySQLError:
            return False
        return True

    def query(self, statement: str, parameters=()) -> list:
        with self._cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def execute(self, statement: str, parameters=()) -> int:
        """Number of rows that the statement found."""
        with self._cursor() as cursor:
            return cursor.execute(statement, parameters)

    def answers(self) -> bool:
        try:
            return self.query("SELECT 1") == [(1,)]
        except pymysql.MySQLError:
            return False

    def start(self) -> "SqlServer":
        super().start()
        # What an operator does once: a user who may do everything in the databases of the tests.
        self.execute(f"CREATE USER IF NOT EXISTS '{USER}'@'%%' IDENTIFIED BY %s", (PASSWORD,))
        self.execute(f"GRANT ALL PRIVILEGES ON `satchel\\_%%`.* TO '{USER}'@'%%'", ())
        return self

    def url(self, database: str, endpoint: str | None = None) -> str:
        """What MICROSERVICE_DATABASE takes."""
        return f"mysql://{USER}:p%40ss%3Aw%2Frd%25@{endpoint or self.endpoint}/{database}"

    @abc.abstractmethod
    def set_read_only(self, read_only: bool) -> None:
        """Makes the database refuse every write, or take them again."""


class MariadbServer(SqlServer):
    def __init__(self, directory, pair=None, ca=None):
        super().__init__(directory, pair, ca)
        # The path of a socket has at most 107 bytes, and pytest's folders are deep.
        self._socket = f"/tmp/satchel-mariadb-{os.getpid()}-{self.port}.sock"
        # A server that starts removes the temporary tables of all others that share its folder.
        self._temporary = self.data.with_name(f"{self.data.name}-temporary")

    def _make_data(self) -> None:
        self._temporary.mkdir()
        subprocess.run(
            [back_end_program("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}",
             f"--tmpdir={self._temporary}",
             "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
             *self._account()],
            check=True, stdout=subprocess.DEVNULL, env=clean_environment(), timeout=120)

    @staticmethod
    def _account() -> list:
        return ["--user=root"] if os.geteuid() == 0 else []

    def command(self) -> list:
        if not self.data.exists():
            self._make_data()
        tls = []
        if self._pair_paths:
            certificate, key = self._pair_paths
            tls = [f"--ssl-cert={certificate}", f"--ssl-key={key}", f"--ssl-ca={self.ca}"]
        return [back_end_program("mariadbd"), "--no-defaults", *self._account(),
                f"--datadir={self.data}", f"--tmpdir={self._temporary}",
                f"--socket={self._socket}", "--bind-address=127.0.0.1",
                f"--port={self.port}", "--skip-name-resolve", "--skip-log-bin",
                "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=64M",
                "--max-connections=400", "--character-set-server=utf8mb4", *tls]

    def set_read_only(self, read_only: bool) -> None:
        self.execute(f"SET GLOBAL read_only = {int(read_only)}")

    def stop(self) -> None:
        super().stop()
        pathlib.Path(self._socket).unlink(missing_ok=True)

    def kill(self) -> None:
        super().kill()
        pathlib.Path(self._socket).unlink(missing_ok=True)


class TidbServer(SqlServer):
    """TiDB with its embedded store.

    TiKV writes the locks of a running commit to disk; the embedded store keeps them in memory, so
    that a kill tears a commit in half that goes to several regions, and a read just after one may
    find what was there before. All tables are in one here.
    """

    def __init__(self, directory, pair=None, ca=None):
        super().__init__(directory, pair, ca)
        self._status_port = free_port()

    def command(self) -> list:
        security = ""
        if self._pair_paths:
            certificate, key = self._pair_paths
            security = f'[security]\nssl-cert = "{certificate}"\nssl-key = "{key}"\n'
        configuration = self.directory / "tidb.toml"
        configuration.write_text(
            f'temp-dir = "{self.directory}/temporary"\n'
            'split-table = false\n'
            f'[log]\nlevel = "error"\nslow-query-file = "{self.directory}/slow.log"\n{security}'
            '[performance]\nrun-auto-analyze = false\n')
        return [back_end_program("tidb-server"), "-store=unistore", f"-path={self.data}",
                f"-config={configuration}", "-host=127.0.0.1", f"-P={self.port}",
                f"-status={self._status_port}", "-status-host=127.0.0.1",
                "-socket="]

    def set_read_only(self, read_only: bool) -> None:
        self.execute(f"SET GLOBAL tidb_super_read_only = {'ON' if read_only else 'OFF'}")
