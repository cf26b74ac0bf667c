"""A real PostgreSQL with data and a port of its own."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import psycopg2

from harness.back_end_process import BackEndProcess
from harness.certificates import Authority
from harness.ports import free_port
from harness.server import clean_environment

USER = "legacy"
PASSWORD = "p@ss:w/rd%"


def program(name: str) -> str:
    """Debian keeps PostgreSQL's programs out of the PATH, by version."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not found:
        raise FileNotFoundError(f"no {name}: run tools/bootstrap test")
    return str(found[-1])


class PostgresqlServer(BackEndProcess):
    """PostgreSQL refuses to run as root: then it runs as the account that its package made."""

    def __init__(self):
        # Not among pytest's folders, which only the user of the tests may enter.
        super().__init__(pathlib.Path(tempfile.mkdtemp(prefix="satchel-postgresql-")))
        self.port = free_port()
        self.data = self.directory / "data"
        authority = Authority("PostgreSQL's")
        self.ca = self.directory / "ca.crt"
        self.ca.write_bytes(authority.certificate)
        self._tls = authority.issue("localhost").write(self.directory, "server")
        self._account = "postgres" if os.geteuid() == 0 else None
        if self._account:
            account = pwd.getpwnam(self._account)
            for path in (self.directory, *self._tls):
                os.chown(path, account.pw_uid, account.pw_gid)

    def _make_data(self) -> None:
        secret = self.directory / "password"
        secret.write_text(PASSWORD)
        if self._account:
            shutil.chown(secret, self._account)
        subprocess.run(
            [program("initdb"), f"--pgdata={self.data}", f"--username={USER}",
             f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
             "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, env=clean_environment(), timeout=120,
            user=self._account, cwd=self.directory)

    def command(self) -> list:
        if not self.data.exists():
            self._make_data()
        become = []
        if self._account:
            account = pwd.getpwnam(self._account)
            become = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}",
                      "--clear-groups", "--pdeathsig", "KILL"]
        return [*become, program("postgres"), "-D", self.data, "-p", self.port,
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                "-c", "ssl=on", "-c", f"ssl_cert_file={self._tls[0]}",
                "-c", f"ssl_key_file={self._tls[1]}",
                "-c", "fsync=off", "-c", "shared_buffers=32MB"]

    def answers(self) -> bool:
        try:
            psycopg2.connect(host="127.0.0.1", port=self.port, user=USER, password=PASSWORD,
                             dbname="postgres", connect_timeout=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self.directory, ignore_errors=True)
