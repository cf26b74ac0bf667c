"""Every way to start wrongly ends with a message that helps, and touches nothing."""

import os
import pathlib
import shutil
import socket

import pytest

from harness.cli import administer, satchel
from harness.client import Client
from harness.documents import MEBIBYTE, pdf_of_size, text_of_size
from harness.failures import refused
from harness.fsck import assert_clean
from harness.locations import binary
from harness.mounts import mounted
from harness.server import run_to_exit
from harness.waiting import wait_until

BAD_VALUES = [
    ("PORT", "0x50"), ("PORT", "65536"), ("PORT", "-1"), ("PORT", "fifty"),
    ("METRICS_PORT", "99999"), ("HTTP_PORT", "8080x"), ("HOST", "not an address"),
    ("STORAGE_BACKEND", "floppy"), ("STORAGE_MAX_FILE_SIZE", "-5"),
    ("STORAGE_MAX_FILE_SIZE", "50 bananas"), ("STORAGE_MAX_FILE_SIZE", "0"),
    ("DEFAULT_USER_QUOTA", "lots"), ("DEFAULT_USER_QUOTA", "-1"),
    ("PRESIGNED_URL_EXPIRY_MINUTES", "0"), ("PRESIGNED_URL_EXPIRY_MINUTES", "10081"),
    ("SOFT_DELETE", "perhaps"), ("SOFT_DELETE_RETENTION_DAYS", "-1"), ("MIGRATE_ON_START", "2"),
    ("SHUTDOWN_GRACE_SECONDS", "-1"), ("STREAM_IDLE_TIMEOUT_SECONDS", "0"),
    ("UPLOAD_LEASE_SECONDS", "0"), ("WORKER_THREADS", "0"), ("WORKER_THREADS", "1e9"),
    ("DATABASE_POOL_SIZE", "0"), ("MAX_CONCURRENT_UPLOADS", "0"), ("BREAKER_FAILURES", "0"),
    ("LOG_LEVEL", "shout"), ("LOG_RETENTION_DAYS", "0"), ("PUBLIC_URL", "ftp://x"),
    ("MICROSERVICE_DATABASE", "oracle://x"), ("STORAGE_ALLOWED_MIME_TYPES", "plain"),
]
SECRET = "s3cr3t-never-shown"


@pytest.mark.parametrize("key, value", BAD_VALUES, ids=[f"{k}={v}" for k, v in BAD_VALUES])
def test_bad_value_names_key_value_and_range(new_server, key, value):
    exited = run_to_exit(new_server(**{key: value}))
    assert exited.exit_code in (1, 2)
    assert key in exited.output
    assert value in exited.output


def test_unknown_flag(new_server):
    exited = run_to_exit(new_server(arguments=["--no-such-flag"]))
    assert exited.exit_code == 2
    assert "--no-such-flag" in exited.output


def test_unknown_keys_are_ignored(new_server, tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("GOOGLE_API_KEY=x\nNO_SUCH_KEY=1\n")
    new_server(arguments=["--env-file", env_file], ANOTHER_KEY="1").start()


def test_misspelt_keys_are_warned_of(new_server, tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("GOOGLE_API_KEY=x\nSHUTDOWN_GRACE_SECOND=1\n")
    server = new_server(arguments=["--env-file", env_file], STREAM_IDEL_TIMEOUT_SECONDS="5").start()
    warnings = [line["message"] for line in server.logs() if line["level"] == "warning"]
    assert [text for text in warnings if "GOOGLE" in text] == []
    assert (f"--env-file: {env_file}, line 2: SHUTDOWN_GRACE_SECOND is not a key and has no effect;"
            " did you mean SHUTDOWN_GRACE_SECONDS?") in warnings
    assert ("environment: STREAM_IDEL_TIMEOUT_SECONDS is not a key and has no effect;"
            " did you mean STREAM_IDLE_TIMEOUT_SECONDS?") in warnings


def printed(*arguments, **environment) -> str:
    outcome = satchel("serve", "--print-config", *arguments, environment=environment)
    assert outcome.exit_code == 0, outcome.error
    return outcome.text


def value_of(text: str, key: str) -> str:
    """The value of KEY=value, without the comment that says where it came from."""
    line = next(line for line in text.splitlines() if line.startswith(key + "="))
    return line.split("=", 1)[1].split("#")[0].strip()


def bytes_of(size: str) -> int:
    units = {"GB": 30, "GiB": 30, "MB": 20, "MiB": 20, "KB": 10, "KiB": 10, "B": 0, "": 0}
    number = size.rstrip("KMGiB ")
    return int(number) << units[size[len(number):].strip()]


def test_print_config_has_the_defaults():
    text = printed()
    expected = {
        "HOST": "0.0.0.0", "PORT": "50051", "METRICS_PORT": "9100", "HTTP_PORT": "8080",
        "PUBLIC_URL": "http://localhost:8080", "STORAGE_BACKEND": "local",
        "PRESIGNED_URL_EXPIRY_MINUTES": "30", "SOFT_DELETE": "false",
        "SOFT_DELETE_RETENTION_DAYS": "30", "SHUTDOWN_GRACE_SECONDS": "8",
        "STREAM_IDLE_TIMEOUT_SECONDS": "60", "UPLOAD_LEASE_SECONDS": "900",
        "DATABASE_POOL_SIZE": "16", "MAX_CONCURRENT_UPLOADS": "1024", "BREAKER_FAILURES": "5",
        "BREAKER_OPEN_SECONDS": "2", "LOG_LEVEL": "info", "LOG_RETENTION_DAYS": "30",
    }
    assert {key: value_of(text, key) for key in expected} == expected
    assert bytes_of(value_of(text, "DEFAULT_USER_QUOTA")) == 1073741824
    assert bytes_of(value_of(text, "STORAGE_MAX_FILE_SIZE")) == 52428800


def test_print_config_warns_of_misspelt_keys_beside_what_it_prints():
    outcome = satchel("serve", "--print-config", environment={"STREAM_IDEL_TIMEOUT_SECONDS": "5"})
    assert outcome.exit_code == 0
    assert ("warning: environment: STREAM_IDEL_TIMEOUT_SECONDS is not a key and has no effect;"
            " did you mean STREAM_IDLE_TIMEOUT_SECONDS?") in outcome.error.splitlines()
    assert "IDEL" not in outcome.text


def test_print_config_shows_no_secret(tmp_path):
    secret_file = tmp_path / "password"
    secret_file.write_text(SECRET + "-file\n")
    text = printed(MINIO_ACCESS_KEY="key", MINIO_SECRET_KEY=SECRET,
                   MICROSERVICE_DATABASE=f"mysql://me:{SECRET}@db:3306/documents",
                   MINIO_ROOT_PASSWORD_FILE=str(secret_file))
    assert SECRET not in text
    assert "db:3306" in text


def test_precedence(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text("# comment\nPORT=1111\nexport METRICS_PORT=2222\n\nHTTP_PORT='3333'\n"
                        'LOG_LEVEL="debug"\r\nSTORAGE_MAX_FILE_SIZE=10MiB # ten\n')
    text = printed("--env-file", env_file, "--port", "4444", PORT="5555", METRICS_PORT="6666")
    assert value_of(text, "PORT") == "4444"
    assert value_of(text, "METRICS_PORT") == "6666"
    assert value_of(text, "HTTP_PORT") == "3333"
    assert value_of(text, "LOG_LEVEL") == "debug"
    assert bytes_of(value_of(text, "STORAGE_MAX_FILE_SIZE")) == 10 * MEBIBYTE


@pytest.mark.parametrize("text, size", [("50MB", 50 << 20), ("10MiB", 10 << 20), ("4096", 4096),
                                        ("1gb", 1 << 30), ("2KiB", 2048), ("3 MB", 3 << 20)])
def test_sizes(text, size):
    shown = value_of(printed(STORAGE_MAX_FILE_SIZE=text), "STORAGE_MAX_FILE_SIZE")
    assert bytes_of(shown) == size


def test_missing_env_file(new_server, tmp_path):
    exited = run_to_exit(new_server(arguments=["--env-file", tmp_path / "absent"]))
    assert exited.exit_code in (1, 2)
    assert "absent" in exited.output


def test_secret_from_a_file_must_exist():
    outcome = satchel("serve", "--print-config", environment={
        "MINIO_SECRET_KEY_FILE": "/no/such/secret"})
    assert outcome.exit_code in (1, 2)
    assert "MINIO_SECRET_KEY_FILE" in outcome.error and "/no/such/secret" in outcome.error


def test_two_roles_for_one_port(new_server):
    server = new_server()
    server.settings["METRICS_PORT"] = server.settings["PORT"]
    exited = run_to_exit(server)
    assert exited.exit_code in (1, 2)
    assert "METRICS_PORT" in exited.output


@pytest.mark.local_objects
def test_second_server_on_the_same_folder(new_server, connect, user):
    first = new_server().start()
    second = new_server(store=first.store)
    exited = run_to_exit(second)
    assert exited.exit_code == 1
    assert str(first.process.pid) in exited.output
    assert connect(first).upload(user, "a.txt", b"abc").size == 3


@pytest.mark.sqlite
def test_one_database_in_two_storage_folders(new_server, tmp_path):
    database = {"MICROSERVICE_DATABASE": f"sqlite:///{tmp_path}/shared.db"}
    first = new_server(**database).start()
    second = new_server(**database)
    exited = run_to_exit(second)
    assert exited.exit_code == 1
    assert str(tmp_path / "shared.db") in exited.output
    assert str(first.process.pid) in exited.output
    refused = administer(second, "fsck")
    assert refused.exit_code == 1 and str(first.process.pid) in refused.error
    assert_clean(first)


@pytest.mark.sqlite
def test_corrupt_database(new_server, connect, user):
    server = new_server().start()
    stored = connect(server).store(user, "a.txt", text_of_size(100))
    assert server.stop() == 0
    server.store.corrupt_database()
    exited = run_to_exit(server)
    assert exited.exit_code == 1
    assert server.store.database_path().name in exited.output
    assert server.store.has_object(stored), "a refused start removes nothing"


@pytest.mark.sqlite
def test_database_that_is_no_database(new_server):
    server = new_server().start()
    assert server.stop() == 0
    path = server.store.database_path()
    path.write_bytes(b"this is not a database, but it is long enough to look into" * 100)
    exited = run_to_exit(server)
    assert exited.exit_code == 1
    assert path.name in exited.output


@pytest.mark.local_objects
def test_folder_that_is_a_file(new_server, tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    exited = run_to_exit(new_server(STORAGE_DIR=path))
    assert exited.exit_code == 1
    assert str(path) in exited.output and "STORAGE_DIR" in exited.output
    assert path.read_text() == "x"


@pytest.mark.local_objects
def test_missing_folder_is_made_private(new_server, tmp_path):
    path = tmp_path / "new" / "folder"
    new_server(STORAGE_DIR=path).start()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.local_objects
def test_folder_that_cannot_be_written(new_server, tmp_path):
    with mounted(tmp_path / "readonly", "ro,size=1m") as path:
        exited = run_to_exit(new_server(STORAGE_DIR=path / "data"))
    assert exited.exit_code == 1
    assert str(path) in exited.output


@pytest.mark.local_objects
def test_folder_that_cannot_be_read(new_server):
    """As another user than root, who may read everything."""
    with mounted(pathlib.Path(f"/tmp/satchel-wire-{os.getpid()}"), "size=200m,mode=755") as path:
        program = shutil.copy(binary(), path / "satchel")
        private = path / "private"
        private.mkdir(mode=0o700)
        server = new_server(STORAGE_DIR=private, user=65534, program=program)
        server.directory = path
        exited = run_to_exit(server)
    path.rmdir()
    assert exited.exit_code == 1
    assert str(private) in exited.output


@pytest.mark.local_objects
def test_full_disk(new_server, user, tmp_path):
    with mounted(tmp_path / "small", "size=24m") as path:
        server = new_server(STORAGE_DIR=path).start()
        with Client(server.address) as client:
            client.upload(user, "first.pdf", pdf_of_size(MEBIBYTE, 1))
            with refused("UNAVAILABLE", "OBJECT_STORE_UNAVAILABLE") as refusal:
                client.upload(user, "large.pdf", pdf_of_size(40 * MEBIBYTE, 2))
            assert refusal.retry_info is not None
            assert client.used(user) == (1, MEBIBYTE)
            wait_until(lambda: shutil.disk_usage(path).free > 10 * MEBIBYTE, 5, "room again")
            again = client.store(user, "large.pdf", pdf_of_size(2 * MEBIBYTE, 3))
            assert client.download(user, again.document_id).data == again.data
            assert server.metrics()["minio_unavailable_total"] >= 1
        assert server.stop() == 0
        assert_clean(server)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::"])
@pytest.mark.parametrize("key", [
    "PORT", "METRICS_PORT", pytest.param("HTTP_PORT", marks=pytest.mark.local_objects)])
def test_port_in_use(new_server, key, host):
    """Named with key, number and what to do; gRPC's own log stays out of it."""
    server = new_server(HOST=host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, int(server.settings[key])), family=family):
        exited = run_to_exit(server)
    assert exited.exit_code == 1
    assert f"{key} {server.settings[key]} on {host} is in use by another process" in exited.output
    assert f"set {key} to a free port" in exited.output
    assert ".cc:" not in exited.output


@pytest.mark.s3
def test_port_of_the_embedded_links_is_left_alone(new_server):
    """An S3 store answers for its links itself: whoever has HTTP_PORT may keep it."""
    server = new_server()
    with socket.create_server(("127.0.0.1", int(server.settings["HTTP_PORT"]))):
        server.start()
        assert server.stop() == 0


@pytest.mark.local_objects
def test_socket_for_administration_is_the_owners(new_server):
    server = new_server().start()
    assert server.store.admin_socket_path().stat().st_mode & 0o777 == 0o600


@pytest.mark.local_objects
def test_no_socket_for_administration(new_server):
    """Told by serve and by the commands that open the folder themselves, without gRPC's own log."""
    server = new_server().start()
    path = server.store.admin_socket_path()
    assert server.stop() == 0
    path.unlink(missing_ok=True)
    (path / "in the way").mkdir(parents=True)
    for outcome in (administer(server, "quota", "get", "ada"), administer(server, "serve")):
        assert outcome.exit_code == 1
        assert "cannot make the socket for administration" in outcome.error
        assert ".cc:" not in outcome.error


@pytest.mark.local_objects
def test_missing_signing_key_in_a_folder_with_documents(new_server, connect, user):
    server = new_server().start()
    connect(server).upload(user, "a.txt", b"abc")
    assert server.stop() == 0
    key = server.store.signing_key_path()
    assert key.stat().st_mode & 0o777 == 0o600
    content = key.read_bytes()
    key.unlink()
    exited = run_to_exit(server)
    assert exited.exit_code == 1
    assert "key" in exited.output
    assert not key.exists(), "a refused start makes no new key"
    key.touch(0o600)
    key.write_bytes(content)
    server.start()
    assert connect(server).used(user) == (1, 3)


@pytest.mark.parametrize("content", [b"", b"short"])
@pytest.mark.local_objects
def test_damaged_signing_key(new_server, connect, user, content):
    server = new_server().start()
    connect(server).upload(user, "a.txt", b"abc")
    assert server.stop() == 0
    server.store.signing_key_path().write_bytes(content)
    exited = run_to_exit(server)
    assert exited.exit_code == 1
    assert "key" in exited.output


@pytest.mark.local_objects
def test_signing_key_is_never_shown(new_server, connect, user):
    server = new_server().start()
    stored = connect(server).store(user, "a.txt", b"abc")
    connect(server).url(user, stored.document_id)
    key = server.store.signing_key_path().read_bytes()
    everything = server.output().encode() + server.prometheus().encode()
    assert key not in everything and key.hex().encode() not in everything


def test_schema_from_the_future(new_server, connect, user):
    server = new_server().start()
    stored = connect(server).store(user, "a.txt", b"abc")
    assert server.stop() == 0
    server.store.add_future_migration()
    exited = run_to_exit(server)
    assert exited.exit_code == 1
    assert "from_the_future" in exited.output
    assert server.store.has_object(stored)


def test_migrate_status_and_deploy(new_server):
    server = new_server(MIGRATE_ON_START="false")
    exited = run_to_exit(server)
    assert exited.exit_code == 1
    assert "migrate" in exited.output
    assert administer(server, "migrate", "status").exit_code == 1
    assert administer(server, "migrate", "deploy").exit_code == 0
    assert administer(server, "migrate", "status").exit_code == 0
    server.start()


@pytest.mark.sqlite
def test_store_of_another_database(new_server, connect, user, tmp_path):
    """I12: a database that belongs to another store is refused."""
    one, two = new_server().start(), new_server().start()
    connect(one).upload(user, "a.txt", b"one")
    connect(two).upload(user, "a.txt", b"two")
    assert one.stop() == 0 and two.stop() == 0
    shutil.copy(two.store.database_path(), one.store.database_path())
    for journal in one.store.directory.glob(one.store.database_path().name + "-*"):
        journal.unlink()
    exited = run_to_exit(one)
    assert exited.exit_code == 1
    assert "store" in exited.output


def test_serve_help_names_every_key():
    outcome = satchel("serve", "--help")
    assert outcome.exit_code == 0
    for key in ("STORAGE_DIR", "HTTP_PORT", "TLS_CLIENT_CA", "UPLOAD_LEASE_SECONDS", "LOG_DIR"):
        assert key in outcome.text


@pytest.mark.sqlite
def test_migrate_status_makes_nothing(new_server, tmp_path):
    path = tmp_path / "absent"
    server = new_server(STORAGE_DIR=path)
    for arguments in (["status"], ["resolve", "--applied", "x"]):
        outcome = administer(server, "migrate", *arguments)
        assert outcome.exit_code == 1 and str(path) in outcome.error
        assert not path.exists()
    assert administer(server, "migrate", "deploy").exit_code == 0
    assert administer(server, "migrate", "status").exit_code == 0
