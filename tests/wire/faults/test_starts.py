"""What is set up wrongly is told at the start; what is only away is waited for."""

import contextlib
import datetime

import pytest
from minio import MinioAdmin
from minio.credentials import StaticProvider

from harness.breakers import CLOSED, breaker_state
from harness.certificates import Authority
from harness.cli import administer
from harness.clock import MovableClock
from harness.documents import MEBIBYTE, pdf_of_size, text_of_size
from harness.failures import refused
from harness.fsck import assert_clean
from harness.mounts import mounted
from harness.object_servers import ACCESS_KEY, SECRET_KEY, MinioServer, VersitygwServer
from harness.server import run_to_exit
from harness.sql_servers import PASSWORD, MariadbServer, TidbServer
from harness.waiting import wait_until

SECRET = "wr0ng-secret-never-shown"
READY_AGAIN_SECONDS = 5
BREAKER_FAILURES = 5
# The certificates are for localhost and 127.0.0.1; this is the same host under another name.
OTHER_NAME = "127.0.0.2"
SQL_SERVERS = {"mariadb": MariadbServer, "tidb": TidbServer}


def assert_refused(server, *mentions) -> None:
    exited = run_to_exit(server)
    assert exited.exit_code == 1, exited.output
    for mention in mentions:
        assert mention in exited.output, exited.output
    for secret in (SECRET, SECRET_KEY, PASSWORD):
        assert secret not in exited.output


@pytest.mark.parametrize("settings, mention", [
    ({"MINIO_ACCESS_KEY": "nobody-knows-me"}, "MINIO_ACCESS_KEY"),
    ({"MINIO_SECRET_KEY": SECRET}, "MINIO_SECRET_KEY"),
    ({"MINIO_REGION": "eu-central-1"}, "MINIO_REGION"),
    ({"MINIO_BUCKET": "No_Such-Name"}, "MINIO_BUCKET"),
    ({"MINIO_SECURE": "true"}, "set MINIO_SECURE=false"),
], ids=["access key", "secret key", "region", "bucket name", "https"])
def test_store_that_refuses_us(new_server, settings, mention):
    assert_refused(new_server(**settings), mention)


@pytest.mark.parametrize("hours", [-2, 2], ids=["behind", "ahead"])
def test_clock_skew(new_server, tmp_path, hours):
    clock = MovableClock(tmp_path)
    clock.move(datetime.timedelta(hours=hours))
    assert_refused(new_server(**clock.settings), "clock")


RIGHTS = ["s3:ListBucket", "s3:ListBucketVersions", "s3:GetBucketLocation",
          "s3:GetBucketVersioning", "s3:PutBucketVersioning", "s3:CreateBucket", "s3:GetObject",
          "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion",
          "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
          "s3:ListBucketMultipartUploads"]


def limited_key(minio, name: str, rights) -> dict:
    """Settings with an access key that may do only this, in any bucket."""
    admin = MinioAdmin(endpoint=minio.endpoint, secure=False,
                       credentials=StaticProvider(ACCESS_KEY, SECRET_KEY))
    admin.add_service_account(access_key=name, secret_key=SECRET, policy={
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(rights),
                       "Resource": ["arn:aws:s3:::*"]}]})
    return {"MINIO_ACCESS_KEY": name, "MINIO_SECRET_KEY": SECRET}


def test_documented_rights_are_enough(servers, new_server, connect, user):
    server = new_server(**limited_key(servers.minio, "enough-rights", RIGHTS)).start()
    client = connect(server)
    stored = client.store(user, "a.txt", text_of_size(2000, user))
    assert client.download(user, stored.document_id).data == stored.data
    client.delete(user, stored.document_id)
    wait_until(lambda: server.store.object_count() == 0, 10, "the bytes are removed")


def test_no_right_to_make_the_bucket(servers, new_server):
    rights = [right for right in RIGHTS if right != "s3:CreateBucket"]
    assert_refused(new_server(**limited_key(servers.minio, "no-creating", rights)),
                   "is not there", "s3:CreateBucket", "MINIO_BUCKET")


def test_no_right_to_write(servers, new_server, connect, user):
    """Told at the start, or else at the call, with what is missing in the log and the health."""
    ready = new_server().start()
    stored = connect(ready).store(user, "a.txt", text_of_size(2000, user))
    rights = [right for right in RIGHTS if right != "s3:PutObject"]
    server = new_server(store=ready.store, **limited_key(servers.minio, "no-writing", rights))
    server.start()
    client = connect(server)
    with refused("UNAVAILABLE", "OBJECT_STORE_UNAVAILABLE") as refusal:
        client.upload(user, "b.txt", text_of_size(100))
    assert refusal.retry_info is not None
    assert client.used(user) == (1, 2000)
    assert client.download(user, stored.document_id).data == stored.data
    server.wait_for_log(lambda line: "AccessDenied" in str(line), what="the reason in the log")
    assert SECRET not in server.output()


def test_store_that_keeps_no_versions(tmp_path, make_store, new_server):
    with VersitygwServer(tmp_path / "versitygw", keeps_versions=False) as objects:
        objects.start()
        store = make_store(object_server=objects)
        assert_refused(new_server(store=store), "version")


def database_of(store, **changes) -> str:
    url = store.rows.server.url(store.rows.database)
    for old, new in changes.items():
        assert old in url
        url = url.replace(old, new)
    return url


def test_database_that_refuses_us(make_store, sql_server, new_server):
    store = make_store(sql_server)
    encoded = "p%40ss%3Aw%2Frd%25"
    wrong = new_server(store=store, MICROSERVICE_DATABASE=database_of(store, **{encoded: SECRET}))
    assert_refused(wrong, "in MICROSERVICE_DATABASE")
    for command in (("migrate", "status"), ("migrate", "deploy"), ("quota", "get", "ada"),
                    ("fsck",)):
        done = administer(wrong, *command)
        assert done.exit_code == 1, (command, done.error)
        assert "in MICROSERVICE_DATABASE" in done.error and "try again" not in done.error
        assert SECRET not in done.error
    assert_refused(new_server(store=store, MICROSERVICE_DATABASE=database_of(
        store, **{store.rows.database: "satchel_no_such_database"})), "satchel_no_such_database")


def test_migrations_by_an_account_that_may_not_change_the_schema(make_store, new_server):
    """The server's own, say: what helps is another account, not another try."""
    store = make_store()
    database, account = store.rows.server, f"few_rights_{store.rows.database}"
    database.execute(f"CREATE USER {account}")
    database.execute(f"GRANT SELECT, INSERT, UPDATE ON {store.rows.database}.* TO {account}")
    url = f"mysql://{account}@{database.endpoint}/{store.rows.database}"
    done = administer(new_server(store=store, MICROSERVICE_DATABASE=url), "migrate", "deploy")
    assert done.exit_code == 1, done.error
    assert "lacks a right" in done.error and "denied" in done.error
    assert "try again" not in done.error


RIGHTS_OF_ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def limited_account(store, name: str, rights=RIGHTS_OF_ROWS) -> dict:
    """A user of the database's with these rights on its tables, and the setting to use it."""
    rows, user = store.rows, f"'{name}'@'%%'"
    rows.server.execute(f"DROP USER IF EXISTS {user}", ())
    rows.server.execute(f"CREATE USER {user} IDENTIFIED BY %s", (PASSWORD,))
    for table in ("_prisma_migrations", "rag_document", "user_usage", "satchel_setting",
                  "satchel_import"):
        rows.server.execute(f"GRANT {', '.join(rights)} ON {rows.database}.{table} TO {user}", ())
    return {"MICROSERVICE_DATABASE": database_of(store, **{"//satchel:": f"//{name}:"}),
            "MIGRATE_ON_START": "false"}


@pytest.mark.parametrize("right", RIGHTS_OF_ROWS[1:])
def test_missing_right_in_the_database(make_store, sql_server, new_server, right):
    store = make_store(sql_server)
    ready = new_server(store=store).start()
    assert ready.stop() == 0
    rights = [other for other in RIGHTS_OF_ROWS if other != right]
    server = new_server(store=store, **limited_account(store, "limited", rights))
    assert_refused(server, "lacks a right", "deploy/mysql/accounts.sql")
    assert right.lower() in server.output().lower()


def test_right_in_the_database_that_is_taken_away(make_store, sql_server, new_server, connect,
                                                  user):
    """A clear error at the call, which no caller repeats; what needs no such right goes on."""
    store = make_store(sql_server)
    assert new_server(store=store).start().stop() == 0
    server = new_server(store=store, **limited_account(store, "limited")).start()
    client = connect(server)
    stored = client.store(user, "a.txt", text_of_size(2000, user))
    change = f"INSERT ON {store.rows.database}.rag_document"
    sql_server.execute(f"REVOKE {change} FROM 'limited'@'%%'", ())
    for _ in range(2 * BREAKER_FAILURES):
        with refused("INTERNAL", "INTERNAL") as refusal:
            client.upload(user, "b.txt", b"abc")
        assert refusal.retry_info is None
    assert breaker_state(server, "database") == CLOSED
    assert client.used(user) == (1, 2000)
    assert client.download(user, stored.document_id).data == stored.data
    server.wait_for_log(lambda line: "INSERT command denied" in str(line)
                        and "deploy/mysql/accounts.sql" in str(line), what="the missing right")
    assert PASSWORD not in server.output()
    sql_server.execute(f"GRANT {change} TO 'limited'@'%%'", ())
    assert client.upload(user, "b.txt", b"abc").size == 3
    assert server.stop() == 0
    assert_clean(server)


@pytest.mark.parametrize("kind", SQL_SERVERS)
def test_read_only_database(kind, tmp_path, make_store, new_server, connect, user):
    """Reading goes on; writing says what is wrong, and goes on when it may again."""
    with SQL_SERVERS[kind](tmp_path / kind) as database:
        database.start()
        server = new_server(store=make_store(database)).start()
        client = connect(server)
        stored = client.store(user, "a.txt", text_of_size(2000, user))
        database.set_read_only(True)
        for _ in range(2 * BREAKER_FAILURES):
            with refused("UNAVAILABLE", "DATABASE_UNAVAILABLE") as refusal:
                client.upload(user, "b.txt", b"abc")
            assert refusal.retry_info is not None
        assert client.download(user, stored.document_id).data == stored.data
        server.wait_for_log(lambda line: "read" in str(line).lower()
                            and "only" in str(line).lower(), what="the reason in the log")
        database.set_read_only(False)

        def works_again():
            with contextlib.suppress(Exception):
                return client.upload(user, "b.txt", b"abc").size == 3
        wait_until(works_again, READY_AGAIN_SECONDS, "writes are taken again")
        assert client.download(user, stored.document_id).data == stored.data
        assert server.stop() == 0
        assert_clean(server)


def test_full_disk_of_the_store(tmp_path, make_store, new_server, connect, user):
    with (mounted(tmp_path / "small", "size=80m") as path,
          MinioServer(tmp_path / "minio", data=path) as minio):
        minio.start()
        server = new_server(store=make_store(object_server=minio)).start()
        client = connect(server)
        stored = []

        def told_that_it_is_full() -> bool:
            """The write that meets the brim is an error inside MinIO; the next ones have a name."""
            with refused("UNAVAILABLE", "OBJECT_STORE_UNAVAILABLE") as refusal:
                for _ in range(20):
                    number = len(stored)
                    stored.append(client.store(user, f"{number}.pdf",
                                               pdf_of_size(10 * MEBIBYTE, number)))
            assert refusal.retry_info is not None
            return "full" in refusal.message
        wait_until(told_that_it_is_full, READY_AGAIN_SECONDS, "told that the store is full")
        assert client.used(user) == (len(stored), len(stored) * 10 * MEBIBYTE)
        assert client.download(user, stored[0].document_id).data == stored[0].data
        assert server.metrics()["minio_unavailable_total"] >= 1
        for document in stored:
            client.delete(user, document.document_id)
        wait_until(lambda: server.store.object_count() == 0, 10, "room again")
        assert client.upload(user, "again.txt", text_of_size(1000)).size == 1000
        assert server.stop() == 0
        assert_clean(server)


def test_unreachable_store_and_database_are_waited_for(make_proxied, sql_server, connect, user):
    proxied = make_proxied(sql_server, start=False)
    server, client = proxied.server, proxied.client
    with proxied.objects.down(), proxied.database.down():
        server.spawn()
        wait_until(lambda: server.probe("/livez") == 200, 10, "alive")
        assert server.probe("/readyz") == 503
        with refused("UNAVAILABLE", "DATABASE_UNAVAILABLE"):
            client.usage(user)
        assert server.running()
    wait_until(lambda: server.probe("/readyz") == 200, READY_AGAIN_SECONDS, "ready by itself")
    assert client.upload(user, "a.txt", b"abc").size == 3
    assert server.stop() == 0
    assert_clean(server)


def test_fsck_says_why_the_store_was_not_reached(make_proxied):
    """Rows alone prove nothing; the quota, which needs no bytes, can be set all the same."""
    proxied = make_proxied()
    assert proxied.server.stop() == 0
    with proxied.objects.down():
        outcome = administer(proxied.server, "fsck")
        assert outcome.exit_code == 75, outcome.error
        assert "was not reached" in outcome.error
        assert "Failed to connect to" in outcome.error, outcome.error
        assert administer(proxied.server, "quota", "get", "ada").exit_code == 0
    assert administer(proxied.server, "fsck").exit_code == 0


def test_check_that_fails_once_the_database_is_there(make_proxied, sql_server):
    """A schema from the future is refused also when it can be seen only later."""
    proxied = make_proxied(sql_server)
    assert proxied.server.stop() == 0
    proxied.store.add_future_migration()
    with proxied.database.down():
        proxied.server.spawn()
        wait_until(lambda: proxied.server.probe("/livez") == 200, 10, "alive")
    assert proxied.server.wait(READY_AGAIN_SECONDS + 5) == 1
    assert "from_the_future" in proxied.server.output()


def test_check_that_fails_once_the_store_is_there(make_proxied):
    proxied = make_proxied(start=False, MINIO_SECRET_KEY=SECRET)
    with proxied.objects.down():
        proxied.server.spawn()
        wait_until(lambda: proxied.server.probe("/livez") == 200, 10, "alive")
    assert proxied.server.wait(READY_AGAIN_SECONDS + 5) == 1
    assert "MINIO_SECRET_KEY" in proxied.server.output()


def test_older_schema(make_store, sql_server, new_server):
    """Refused unless MIGRATE_ON_START; `migrate deploy` by hand is the other way."""
    server = new_server(store=make_store(sql_server), MIGRATE_ON_START="false")
    assert_refused(server, "migrate")
    assert administer(server, "migrate", "status").exit_code == 1
    assert administer(server, "migrate", "deploy").exit_code == 0
    assert administer(server, "migrate", "status").exit_code == 0
    server.start()


def test_newer_schema(make_store, sql_server, new_server, connect, user):
    server = new_server(store=make_store(sql_server)).start()
    stored = connect(server).store(user, "a.txt", b"abc")
    assert server.stop() == 0
    server.store.add_future_migration()
    assert_refused(server, "from_the_future")
    assert server.store.has_object(stored)


def test_two_replicas_that_start_at_once_migrate_once(make_store, sql_server, new_server):
    store = make_store(sql_server)
    replicas = [new_server(store=store).spawn() for _ in range(3)]
    for replica in replicas:
        replica.wait_ready(30)
    applied = store.rows.query("SELECT migration_name, finished_at FROM {_prisma_migrations}")
    assert len({name for name, _ in applied}) == len(applied)
    assert all(finished for _, finished in applied)


def test_store_of_another_database(make_store, new_server, connect, user):
    """I12: a bucket and a database that do not belong together."""
    one, two = new_server().start(), new_server().start()
    connect(one).upload(user, "a.txt", b"one")
    connect(two).upload(user, "a.txt", b"two")
    assert one.stop() == 0 and two.stop() == 0
    one.settings["MINIO_BUCKET"] = two.settings["MINIO_BUCKET"]
    assert_refused(one, "store")
    assert two.store.object_count() == 1


@pytest.fixture(scope="module")
def authority():
    return Authority("satchel tests")


@pytest.fixture(scope="module")
def authority_path(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.crt"
    path.write_bytes(authority.certificate)
    return path


@pytest.fixture
def stranger_path(tmp_path):
    path = tmp_path / "stranger.crt"
    path.write_bytes(Authority("somebody else").certificate)
    return path


@pytest.mark.parametrize("kind", SQL_SERVERS)
def test_database_over_tls(kind, servers, authority, authority_path, stranger_path, tmp_path,
                           make_store, new_server, connect, user):
    """With a CA, TLS is required; a wrong CA and a wrong host name are refused."""
    pair = authority.issue("database")
    with SQL_SERVERS[kind](tmp_path / kind, pair, authority_path) as database:
        database.start()
        store = make_store(database)
        server = new_server(store=store, MICROSERVICE_DATABASE_CA=authority_path).start()
        assert connect(server).upload(user, "a.txt", b"abc").size == 3
        assert server.stop() == 0
        assert_refused(new_server(store=store, MICROSERVICE_DATABASE_CA=stranger_path),
                       "MICROSERVICE_DATABASE_CA")
        other_name = store.rows.server.url(
            store.rows.database, servers.toxiproxy.proxy(database.endpoint, OTHER_NAME).endpoint)
        assert_refused(new_server(store=store, MICROSERVICE_DATABASE_CA=authority_path,
                                  MICROSERVICE_DATABASE=other_name), "MICROSERVICE_DATABASE_CA")


def test_database_without_tls_is_refused_when_a_ca_is_set(make_store, sql_server, new_server,
                                                          authority_path):
    assert_refused(new_server(store=make_store(sql_server),
                              MICROSERVICE_DATABASE_CA=authority_path),
                   "MICROSERVICE_DATABASE_CA")


def test_store_over_tls(servers, authority, authority_path, stranger_path, tmp_path, make_store,
                        new_server, connect, user):
    pair = authority.issue("store")
    with MinioServer(tmp_path / "minio", pair, authority_path) as minio:
        minio.start()
        store = make_store(object_server=minio)
        server = new_server(store=store).start()
        client = connect(server)
        stored = client.store(user, "a.pdf", pdf_of_size(MEBIBYTE, user))
        assert client.download(user, stored.document_id).data == stored.data
        assert server.stop() == 0
        assert_refused(new_server(store=store, MINIO_CA=stranger_path), "MINIO_CA")
        assert_refused(new_server(store=store, MINIO_CA="UNSET"), "MINIO_CA")
        assert_refused(new_server(store=store, MINIO_SECURE="false"), "set MINIO_SECURE=true")
        other_name = servers.toxiproxy.proxy(minio.endpoint, OTHER_NAME).endpoint
        assert_refused(new_server(store=store, MINIO_ENDPOINT=other_name), "MINIO_CA")
