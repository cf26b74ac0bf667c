"""The accounts that deploy/ describes suffice, and the server's cannot change the schema."""

import contextlib
import json
import re
import sqlite3

import pytest

from deployment.servers import Pair, running
from deployment.tools import REPOSITORY, run
from harness.client import Client
from harness.documents import pdf_of_size
from harness.locations import binary
from harness.server import clean_environment
from harness.sql_servers import MariadbServer, TidbServer

POLICY = REPOSITORY / "deploy" / "minio" / "policy.json"
ACCOUNTS = REPOSITORY / "deploy" / "mysql" / "accounts.sql"
KEY = {"MINIO_ACCESS_KEY": "satchel-key", "MINIO_SECRET_KEY": "a-key-of-the-documents"}
PASSWORDS = {"satchel": "PASSWORD-OF-THE-SERVER", "satchel_migrate": "PASSWORD-OF-THE-MIGRATION"}


def statements() -> list:
    text = re.sub(r"^--.*$", "", ACCOUNTS.read_text(), flags=re.MULTILINE)
    return [statement.strip() for statement in text.split(";") if statement.strip()]


@pytest.fixture(scope="module", params=[MariadbServer, TidbServer],
                ids=lambda kind: kind.__name__)
def store(request, tmp_path_factory):
    with Pair(tmp_path_factory.mktemp("store"), "satchel", sql=request.param) as pair:
        pair.sql.execute("DROP USER satchel")  # the harness's own account, of the same name
        for statement in statements():
            pair.sql.execute(statement.replace("%", "%%"))
        admin = pair.administrator()
        admin.policy_add("satchel", policy=json.loads(POLICY.read_text()))
        admin.user_add(KEY["MINIO_ACCESS_KEY"], KEY["MINIO_SECRET_KEY"])
        admin.attach_policy(["satchel"], user=KEY["MINIO_ACCESS_KEY"])
        yield pair


def settings(store, account: str) -> dict:
    url = f"mysql://{account}:{PASSWORDS[account]}@{store.sql.endpoint}/satchel"
    return {"MICROSERVICE_DATABASE": url, **KEY, "MIGRATE_ON_START": "false"}


def satchel(store, account: str, *arguments):
    environment = clean_environment() | store.environment() | settings(store, account)
    return run(binary(), *arguments, env=environment)


def sqlite_table(path) -> str:
    """The URL of a database with one row of the SQLAlchemy time."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute('CREATE TABLE rag_context (id INTEGER PRIMARY KEY, "teacherId" VARCHAR,'
                         ' context_data TEXT, source VARCHAR, timestamp TIMESTAMP)')
        database.execute("INSERT INTO rag_context VALUES"
                         " (1, 'grace', 'cells', 'cells.txt', '2024-05-06 10:00:00')")
    return f"sqlite:///{path}"


def test_they_can_do_their_work(store, tmp_path):
    refused = satchel(store, "satchel", "migrate", "deploy")
    assert refused.returncode != 0, "the server's account may not change the schema"
    for command in ("deploy", "status"):
        done = satchel(store, "satchel_migrate", "migrate", command)
        assert done.returncode == 0, done.stderr
    with running(tmp_path, store, **settings(store, "satchel")) as server:
        with Client(server.address) as client:
            data = pdf_of_size(1 << 20)
            kept = client.upload("ada", "kept.pdf", data)
            gone = client.upload("ada", "gone.pdf", data)
            client.delete("ada", gone.document_id)
            assert client.download("ada", kept.document_id).data == data
            client.list("ada")
        old_table = sqlite_table(tmp_path / "old.db")
        for command in (("quota", "set", "ada", "5GiB"), ("quota", "clear", "ada"), ("fsck",),
                        ("import", "rag-context", "--from", old_table),
                        ("import", "rag-context", "--from", old_table, "--rollback")):
            done = satchel(store, "satchel", *command)
            assert done.returncode == 0, done.stdout + done.stderr
        assert server.stop() == 0
        assert not [line for line in server.stdout_path.read_text().splitlines()
                    if json.loads(line)["level"] in ("warning", "error") and "TLS" not in line]
