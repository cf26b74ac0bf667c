"""Keys, passwords and certificates are replaced as docs/operations.md says, with nothing lost."""

import re
import socket
import ssl

import grpc
import pytest
import requests

from deployment.servers import Folder, Pair, running
from deployment.tools import REPOSITORY, run
from harness.certificates import Authority
from harness.client import Client
from harness.failures import Failure

PAGE = (REPOSITORY / "docs" / "operations.md").read_text()
SECRET = "a-key-of-the-documents"
TEXT = b"kept over every rotation"


def row(what: str) -> str:
    """How the table says that `what` is replaced."""
    section = PAGE.split("\n## Rotating keys and certificates\n", 1)[1].split("\n## ", 1)[0]
    (found,) = [line for line in section.splitlines() if line.startswith(f"| {what} |")]
    return found


@pytest.fixture(scope="module")
def authorities() -> tuple:
    return Authority("the old authority"), Authority("the new authority")


@pytest.fixture
def bundle(authorities, tmp_path):
    """A file with both authorities."""
    path = tmp_path / "both.pem"
    path.write_bytes(b"".join(authority.certificate for authority in authorities))
    return path


def client_of(server, roots: bytes, pair=None) -> Client:
    credentials = grpc.ssl_channel_credentials(
        roots, pair.key if pair else None, pair.certificate if pair else None)
    return Client(server.address.replace("127.0.0.1", "localhost"), credentials)


def certificate_of(server) -> str:
    """The certificate that the server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port))) as plain, context.wrap_socket(plain) as tls:
        return ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True))


def test_certificate(authorities, tmp_path):
    authority, _ = authorities
    store = Folder(tmp_path / "storage")
    for name in ("before", "after"):
        pair = authority.issue(name)
        certificate, key = pair.write(tmp_path, "server")
        with running(tmp_path / name, store, TLS_CERT=certificate, TLS_KEY=key) as server:
            assert certificate_of(server).split() == pair.certificate.decode().split()
            with client_of(server, authority.certificate) as client:
                client.upload("ada", f"{name}.txt", TEXT)
            assert server.stop() == 0


def test_authority_of_clients(authorities, bundle, tmp_path):
    old, new = authorities
    certificate, key = old.issue("server").write(tmp_path, "server")
    settings = {"TLS_CERT": certificate, "TLS_KEY": key}
    store = Folder(tmp_path / "storage")
    with running(tmp_path / "both", store, **settings, TLS_CLIENT_CA=bundle) as server:
        for number, authority in enumerate((old, new)):
            with client_of(server, old.certificate, authority.issue("client")) as client:
                client.upload("ada", f"{number}.txt", TEXT)
        assert server.stop() == 0
    bundle.write_bytes(new.certificate)
    with running(tmp_path / "new", store, **settings, TLS_CLIENT_CA=bundle) as server:
        with client_of(server, old.certificate, new.issue("client")) as client:
            assert client.used("ada") == (2, 2 * len(TEXT))
        with client_of(server, old.certificate, old.issue("client")) as client, \
                pytest.raises(Failure):
            client.usage("ada", timeout=5)


def test_link_key(tmp_path):
    command = re.search(r"`(openssl [^`]+)`", row("`link-signing.key` (embedded store)")).group(1)
    store = Folder(tmp_path / "storage")
    with running(tmp_path / "before", store) as server, Client(server.address) as client:
        stored = client.upload("ada", "a.txt", TEXT)
        link = client.url("ada", stored.document_id).presigned_url
        assert requests.get(link, timeout=10).content == TEXT
        assert server.stop() == 0
        ports = {key: server.settings[key] for key in ("HTTP_PORT", "PORT", "METRICS_PORT")}
    done = run("sh", "-c", command, cwd=store.path)
    assert done.returncode == 0, done.stderr
    with running(tmp_path / "after", store, **ports) as server, Client(server.address) as client:
        assert requests.get(link, timeout=10).status_code == 403
        link = client.url("ada", stored.document_id).presigned_url
        assert requests.get(link, timeout=10).content == TEXT


def test_key_of_the_store_and_password_of_the_database(tmp_path):
    with Pair(tmp_path / "servers", "satchel_rotation") as store:
        store.make_database()
        admin = store.administrator()
        made = []
        for name in ("first", "second"):
            admin.user_add(f"{name}-key", SECRET)
            admin.attach_policy(["readwrite"], user=f"{name}-key")
            store.sql.execute(f"CREATE USER '{name}'@'%%' IDENTIFIED BY '{name}'")
            store.sql.execute(f"GRANT ALL ON satchel_rotation.* TO '{name}'@'%%'")
            url = f"mysql://{name}:{name}@{store.sql.endpoint}/satchel_rotation"
            made.append({"MINIO_ACCESS_KEY": f"{name}-key", "MINIO_SECRET_KEY": SECRET,
                         "MICROSERVICE_DATABASE": url})
        first, second = made
        with running(tmp_path / "first", store, **first) as old, \
                running(tmp_path / "second", store, **second) as new, \
                Client(old.address) as before, Client(new.address) as after:
            stored = before.upload("ada", "a.txt", TEXT)
            link = before.url("ada", stored.document_id).presigned_url
            assert after.download("ada", stored.document_id).data == TEXT
            assert old.stop() == 0
            assert requests.get(link, timeout=10).content == TEXT
            admin.user_remove("first-key")
            store.sql.execute("DROP USER first")
            assert requests.get(link, timeout=10).status_code == 403, "it ends with its key"
            link = after.url("ada", stored.document_id).presigned_url
            assert requests.get(link, timeout=10).content == TEXT
            assert after.download("ada", stored.document_id).data == TEXT
        with running(tmp_path / "again", store, **second) as server, \
                Client(server.address) as client:
            assert client.used("ada") == (1, len(TEXT))


def test_authorities_of_store_and_database(authorities, bundle, tmp_path):
    """With both authorities in the file each of them is trusted."""
    settings = {"MINIO_CA": bundle, "MICROSERVICE_DATABASE_CA": bundle}
    for number, authority in enumerate(authorities):
        certificates = authority.issue("store"), authority.issue("database")
        ca = tmp_path / f"{number}.pem"
        ca.write_bytes(authority.certificate)
        with Pair(tmp_path / str(number), "satchel_rotation", certificates=certificates,
                  ca=ca) as store:
            store.make_database()
            with running(tmp_path / f"server{number}", store, **settings) as server, \
                    Client(server.address) as client:
                stored = client.upload("ada", "a.txt", TEXT)
                assert client.download("ada", stored.document_id).data == TEXT
