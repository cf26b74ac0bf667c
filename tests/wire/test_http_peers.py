"""HTTP peers that misbehave, on the port of the links and on the port of the metrics."""

import socket

import pytest
import requests

from harness.documents import MEBIBYTE, pdf_of_size
from harness.waiting import wait_until

PORTS = [pytest.param("HTTP_PORT", marks=pytest.mark.local_objects), "METRICS_PORT"]


def dial(server, key="HTTP_PORT") -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.settings[key])), timeout=10)


def answer_of(peer: socket.socket) -> bytes:
    received = b""
    try:
        while part := peer.recv(65536):
            received += part
    except ConnectionError:
        pass
    return received


def works(server, key) -> bool:
    path = "/livez" if key == "METRICS_PORT" else "/nothing-here"
    answer = requests.get(f"http://127.0.0.1:{server.settings[key]}{path}", timeout=5)
    return answer.status_code in (200, 403, 404)


@pytest.mark.parametrize("key", PORTS)
@pytest.mark.parametrize("request_bytes", [
    b"\r\n\r\n", b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    b"GET / HTTP/9.9\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n", b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nxyz",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n: empty\r\n\r\n",
    b"GET /%zz?%%% HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"], ids=repr)
def test_garbage(server, key, request_bytes):
    with dial(server, key) as peer:
        peer.sendall(request_bytes)
        peer.shutdown(socket.SHUT_WR)
        received = answer_of(peer)
    assert not received.startswith(b"HTTP/1.1 200") and b" 500 " not in received[:20]
    assert works(server, key)


@pytest.mark.parametrize("key", PORTS)
@pytest.mark.parametrize("head", [
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000 + b"\r\n"],
    ids=["long target", "long header", "many headers"])
def test_oversized_head(server, key, head):
    with dial(server, key) as peer:
        try:
            peer.sendall(head)
        except ConnectionError:
            pass  # cut before all was sent: right as well
        received = answer_of(peer)
    assert not received.startswith(b"HTTP/1.1 200")
    assert works(server, key)


@pytest.mark.parametrize("key", PORTS)
def test_idle_connections_do_not_hinder(server, key):
    peers = [dial(server, key) for _ in range(200)]
    for number, peer in enumerate(peers):
        if number % 2:
            peer.sendall(b"GET /livez HT")
    assert works(server, key)
    for peer in peers:
        peer.close()
    assert works(server, key)


@pytest.mark.local_objects
def test_reader_of_a_link_that_stops_reading(new_server, connect, user):
    """A stalled reader holds no more than its socket; it is cut in time and others go on."""
    server = new_server(STREAM_IDLE_TIMEOUT_SECONDS=1).start()
    client = connect(server)
    data = pdf_of_size(20 * MEBIBYTE)
    stored = client.store(user, "a.pdf", data)
    link = client.url(user, stored.document_id).presigned_url
    target = link.split("/", 3)[3]
    peers = []
    for _ in range(20):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", int(server.settings["HTTP_PORT"])))
        peer.sendall(f"GET /{target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        peers.append(peer)
    # A connection counts once the server has taken it.
    wait_until(lambda: server.connection_count("HTTP_PORT") > 0, 10, "they are in")
    assert requests.get(link, timeout=20).content == data
    wait_until(lambda: server.connection_count("HTTP_PORT") == 0, 15, "stalled readers are cut")
    for peer in peers:
        peer.close()


@pytest.mark.local_objects
def test_requests_behind_one_another(server, client, user):
    """Two requests sent at once on one connection get two whole answers, in order."""
    ids = [client.upload(user, f"{number}.txt", b"%d" % number * 5).document_id
           for number in range(2)]
    targets = [client.url(user, document_id).presigned_url.split("/", 3)[3] for document_id in ids]
    with dial(server) as peer:
        peer.sendall(b"".join(
            f"GET /{target} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode()
            for target, extra in zip(targets, ("", "Connection: close\r\n"))))
        received = answer_of(peer)
    assert received.count(b"HTTP/1.1 200") == 2
    assert received.index(b"00000") < received.index(b"11111")
