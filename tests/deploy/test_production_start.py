"""The README's production start, followed as it stands, over TLS to a MinIO and a MariaDB."""

import os
import re
import subprocess

import requests

from deployment.tools import REPOSITORY, run
from harness.client import Client
from harness.documents import pdf_of_size
from harness.locations import binary
from harness.ports import free_port
from harness.server import clean_environment
from harness.waiting import wait_until

DATA = pdf_of_size(1 << 20)
DATABASE = "satchel_production"


def documented() -> tuple:
    """The settings file and the two commands."""
    page = (REPOSITORY / "README.md").read_text()
    section = page.split("\n## Production start\n", 1)[1].split("\n## ", 1)[0]
    shown, migrate, serve = re.fullmatch(
        r"\$ cat satchel\.env\n(.+?)\n\$ (\w+=.+?satchel migrate .+?)\n\$ (satchel serve .+?)\n",
        section.split("```console\n", 1)[1].split("```", 1)[0], re.DOTALL).groups()
    return shown, migrate, serve


def accounts(sql) -> tuple:
    """Makes the two of deploy/mysql/accounts.sql; the URLs of the server and of the migration."""
    statements = (REPOSITORY / "deploy" / "mysql" / "accounts.sql").read_text()
    for own in ("CREATE USER 'satchel", "TO 'satchel"):  # The harness has one of that name.
        assert own in statements
        statements = statements.replace(own, own.replace("satchel", "production"))
    statements = statements.replace("satchel.*", f"{DATABASE}.*").replace("%", "%%")
    for statement in re.findall(r"^(?:CREATE USER|GRANT) [^;]+", statements, re.MULTILINE):
        sql.execute(statement)
    return tuple(f"mysql://{account}@{sql.endpoint}/{DATABASE}" for account in
                 ("production:PASSWORD-OF-THE-SERVER",
                  "production_migrate:PASSWORD-OF-THE-MIGRATION"))


def test_readme(remote, authority_path, tmp_path):
    made = remote.part(DATABASE).environment()
    server_url, migration_url = accounts(remote.sql)
    files = {"minio-access-key": made["MINIO_ACCESS_KEY"],
             "minio-secret-key": made["MINIO_SECRET_KEY"],
             "database-url": server_url,
             "migration-database-url": migration_url,
             "database-ca.pem": authority_path.read_text()}
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n")
    text, migrate, serve = documented()
    for shown, ours in (("minio.internal:9000", remote.minio.endpoint),
                        ("/run/secrets", str(tmp_path)), ("/etc/satchel", str(tmp_path)),
                        ("https://files.example.org", remote.minio.url)):
        assert shown in text
        text = text.replace(shown, ours)
    assert "/run/secrets/migration-database-url" in migrate
    migrate = migrate.replace("/run/secrets", str(tmp_path))
    (tmp_path / "satchel.env").write_text(text)
    ports = {key: str(free_port()) for key in ("PORT", "METRICS_PORT", "HTTP_PORT")}
    # Beside the file, alone here: an authority for the store that is not public, and a bucket.
    environment = clean_environment() | ports | {
        "MINIO_CA": str(authority_path), "MINIO_BUCKET": made["MINIO_BUCKET"],
        "PATH": f"{binary().parent}:{os.environ['PATH']}"}
    done = run("bash", "-c", migrate, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(["bash", "-c", f"exec {serve}"], cwd=tmp_path,
                                  env=environment, stdout=log, stderr=log)
    try:
        assert_serves(server, ports, authority_path)
        server.terminate()
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.wait()


def assert_serves(server, ports: dict, ca) -> None:
    def ready():
        assert server.poll() is None
        try:
            url = f"http://127.0.0.1:{ports['METRICS_PORT']}/readyz"
            return requests.get(url, timeout=10).status_code == 200
        except requests.ConnectionError:
            return False
    wait_until(ready, 20, "/readyz answers 200")
    with Client(f"127.0.0.1:{ports['PORT']}") as client:
        stored = client.upload("ada", "thesis.pdf", DATA)
        link = client.url("ada", stored.document_id).presigned_url
    assert link.startswith("https://127.0.0.1:")
    assert requests.get(link, verify=str(ca), timeout=10).content == DATA
