"""TLS on gRPC, with and without client certificates."""

import grpc
import pytest

from harness.certificates import Authority
from harness.cli import satchel
from harness.client import Client
from harness.failures import Failure
from harness.ports import free_port
from harness.server import run_to_exit

CALL_SECONDS = 5


@pytest.fixture(scope="module")
def authority():
    return Authority("satchel test authority")


@pytest.fixture(scope="module")
def other_authority():
    return Authority("nobody trusts this one")


@pytest.fixture
def tls(authority, tmp_path):
    certificate, key = authority.issue("server").write(tmp_path, "server")
    return {"TLS_CERT": certificate, "TLS_KEY": key}


def client_of(server, roots, pair=None) -> Client:
    credentials = grpc.ssl_channel_credentials(
        roots, pair.key if pair else None, pair.certificate if pair else None)
    return Client(server.address.replace("127.0.0.1", "localhost"), credentials)


def assert_unreachable(client: Client) -> None:
    with client, pytest.raises(Failure) as caught:
        client.usage("anybody", timeout=CALL_SECONDS)
    assert caught.value.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
    assert not caught.value.raw_status, "no call may get as far as the service"


def test_tls(new_server, tls, authority, other_authority, user):
    server = new_server(**tls).start()
    with client_of(server, authority.certificate) as client:
        stored = client.store(user, "a.txt", b"abc")
        assert client.download(user, stored.document_id).data == b"abc"
    assert_unreachable(client_of(server, other_authority.certificate))
    assert_unreachable(Client(server.address))


def test_client_certificates(new_server, tls, authority, other_authority, tmp_path, user):
    ca = tmp_path / "clients.crt"
    ca.write_bytes(authority.certificate)
    server = new_server(**tls, TLS_CLIENT_CA=ca).start()
    with client_of(server, authority.certificate, authority.issue("client")) as client:
        assert client.upload(user, "a.txt", b"abc").size == 3
    assert_unreachable(client_of(server, authority.certificate))
    assert_unreachable(client_of(server, authority.certificate, other_authority.issue("intruder")))


@pytest.mark.parametrize("missing", ["TLS_CERT", "TLS_KEY"])
def test_half_a_pair_stops_the_start(new_server, tls, missing):
    tls[missing] = "UNSET"
    exited = run_to_exit(new_server(**tls))
    assert exited.exit_code != 0
    assert missing in exited.output


@pytest.mark.parametrize("key", ["TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"],
                         ids=["no such file", "empty", "garbage"])
def test_bad_file_stops_the_start(new_server, tls, tmp_path, key, content):
    path = tmp_path / "bad.pem"
    if content is not None:
        path.write_bytes(content)
    exited = run_to_exit(new_server(**{**tls, key: path}))
    assert exited.exit_code not in (0, None) and exited.exit_code > 0, exited
    assert key in exited.output
    # What TLS_KEY holds may be the key itself, so it is never shown.
    assert ("bad.pem" in exited.output) == (key != "TLS_KEY")


def bag_attributes(pem: bytes) -> str:
    """As `openssl pkcs12` writes PEM files."""
    return "Bag Attributes\n    friendlyName: a\nKey Attributes: <No Attributes>\n" + pem.decode()


@pytest.mark.parametrize("form", ["text", "file"])
def test_key_behind_a_preamble(new_server, authority, tmp_path, user, form):
    pair = authority.issue("server")
    file = tmp_path / "server.key"
    file.write_text(bag_attributes(pair.key))
    key = {"TLS_KEY_FILE": file} if form == "file" else {"TLS_KEY": bag_attributes(pair.key)}
    server = new_server(TLS_CERT=bag_attributes(pair.certificate), **key).start()
    with client_of(server, authority.certificate) as client:
        assert client.upload(user, "a.txt", b"abc").size == 3


def headless(pem: bytes) -> str:
    """The base64 alone, in one line."""
    return "".join(pem.decode().splitlines()[1:-1])


@pytest.mark.parametrize("form", [headless, lambda pem: pem.decode().replace("BEGIN", "BEGINN"),
                                  lambda pem: headless(pem)[:60] + "\n" + headless(pem)[60:]],
                         ids=["one line", "bad header", "two lines"])
@pytest.mark.parametrize("through_file", [False, True], ids=["value", "file"])
def test_bad_key_is_never_shown(new_server, tls, authority, tmp_path, form, through_file):
    text = form(authority.issue("server").key)
    file = tmp_path / "key.txt"
    file.write_text(text)
    del tls["TLS_KEY"]
    exited = run_to_exit(new_server(**tls, **({"TLS_KEY_FILE": file} if through_file
                                              else {"TLS_KEY": text})))
    assert exited.exit_code > 0
    assert "TLS_KEY" in exited.output
    for line in text.splitlines():
        assert line[:16] not in exited.output


def test_print_config_hides_a_bundle_with_a_key(new_server, authority):
    pair = authority.issue("server")
    bundle = bag_attributes(pair.certificate + pair.key)
    server = new_server(arguments=["--print-config"], TLS_CERT=bundle, TLS_KEY=bundle)
    exited = run_to_exit(server)
    assert exited.exit_code == 0
    assert "TLS_CERT=(PEM text)" in exited.output
    assert headless(pair.key)[:16] not in exited.output


def test_key_of_another_certificate_stops_the_start(new_server, tls, authority, tmp_path):
    _, key = authority.issue("another").write(tmp_path, "another")
    exited = run_to_exit(new_server(**{**tls, "TLS_KEY": key}))
    assert exited.exit_code > 0
    assert "TLS_KEY" in exited.output


def test_broken_client_ca_stops_the_start(new_server, tls):
    broken = "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n"
    exited = run_to_exit(new_server(**tls, TLS_CLIENT_CA=broken))
    assert exited.exit_code > 0
    assert "TLS_CLIENT_CA" in exited.output


def test_client_ca_without_certificate_stops_the_start(new_server, authority, tmp_path):
    ca = tmp_path / "clients.crt"
    ca.write_bytes(authority.certificate)
    exited = run_to_exit(new_server(TLS_CLIENT_CA=ca))
    assert exited.exit_code > 0
    assert "TLS_CLIENT_CA" in exited.output


def test_public_address_without_tls_warns(new_server):
    server = new_server(HOST="0.0.0.0").start()
    server.wait_for_log(lambda line: line["level"].startswith("warn") and "TLS" in line["message"],
                        what="a warning")


def test_loopback_without_tls_does_not_warn(new_server):
    server = new_server().start()
    assert server.stop() == 0
    assert not [line for line in server.logs() if line["level"].startswith("warn")]


def command(server, *arguments, host="localhost"):
    """(exit code, error) of a client command, with what it prints on one line."""
    address = server.address.replace("127.0.0.1", host)
    outcomes = []
    for words in (["health"], ["usage", "--user", "ada"]):
        done = satchel(*words, "--server", address, *arguments)
        outcomes.append((done.exit_code, done.error))
    assert outcomes[0] == outcomes[1], "every command says the same"
    assert outcomes[0][1].count("\n") <= 1, outcomes[0][1]
    assert "SSL" not in outcomes[0][1] and "Socket" not in outcomes[0][1]
    return outcomes[0]


def test_commands_say_which_flag_to_set(new_server, tls, authority, other_authority, tmp_path):
    """Not what gRPC and OpenSSL say of it."""
    ours, other = tmp_path / "ours.crt", tmp_path / "other.crt"
    ours.write_bytes(authority.certificate)
    other.write_bytes(other_authority.certificate)
    server = new_server(**tls, HOST="0.0.0.0").start()
    assert command(server, "--ca", ours) == (0, "")

    code, error = command(server)
    assert (code, "give --tls" in error and "SATCHEL_TLS" in error) == (69, True), error
    code, error = command(server, "--ca", other)
    assert (code, "not of the authority in --ca" in error) == (69, True), error
    code, error = command(server, "--tls")
    assert (code, "with --ca (SATCHEL_CA)" in error) == (69, True), error
    code, error = command(server, "--ca", ours, host="127.0.0.2")
    assert (code, "made out to other names than 127.0.0.2" in error) == (69, True), error
    code, error = command(server, "--ca", "/etc/hosts")
    assert (code, "/etc/hosts holds no PEM" in error) == (1, True), error


def test_commands_say_that_a_server_speaks_no_tls(new_server):
    server = new_server().start()
    code, error = command(server, "--tls")
    assert (code, "does not speak TLS" in error and "--tls" in error) == (69, True), error
    metrics = server.metrics_url.removeprefix("http://")
    done = satchel("health", "--server", metrics)
    assert (done.exit_code, "port of gRPC" in done.error) == (69, True), done.error


def test_commands_say_that_a_certificate_is_wanted(new_server, tls, authority, other_authority,
                                                   tmp_path):
    ca = tmp_path / "clients.crt"
    ca.write_bytes(authority.certificate)
    server = new_server(**tls, TLS_CLIENT_CA=ca).start()
    certificate, key = other_authority.issue("intruder").write(tmp_path, "intruder")
    code, error = command(server, "--ca", ca)
    assert (code, "wants a certificate of yours: give --cert" in error) == (69, True), error
    code, error = command(server, "--ca", ca, "--cert", certificate, "--key", key)
    assert (code, "does not accept the certificate in --cert" in error) == (69, True), error
    code, error = command(server, "--ca", ca, "--cert", certificate, "--key", ca)
    assert (code, "belong together" in error) == (69, True), error


def test_commands_say_that_there_is_no_server():
    done = satchel("health", "--server", f"localhost:{free_port()}")
    assert (done.exit_code, "nothing listens there" in done.error) == (69, True), done.error
    done = satchel("health", "--server", "no-such-host.invalid")
    assert (done.exit_code, "no such host" in done.error) == (69, True), done.error
    assert "--server (SATCHEL_SERVER)" in done.error
