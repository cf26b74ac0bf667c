"""Passed calls that come before the connection to the upstream is there."""

import contextlib
import socket
import threading
import types

import grpc
import pytest

from harness.http2 import Http2, message
from harness.upstream import Upstream
from harness.upstream_protocol import probe
from harness.waiting import wait_until

# Passing calls on says nothing about stores: one kind of them is enough.
pytestmark = [pytest.mark.sqlite, pytest.mark.local_objects]


@pytest.fixture
def held_upstream(tmp_path):
    """Takes the connection at once, and hands it to an upstream when `let_go` is set."""
    upstream = Upstream(tmp_path).start()
    host, port = upstream.address.rsplit(":", 1)
    listener = socket.create_server(("127.0.0.1", 0))
    held = types.SimpleNamespace(address="127.0.0.1:%d" % listener.getsockname()[1],
                                 connected=threading.Event(), let_go=threading.Event())
    sockets = [listener]

    def copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(64 * 1024):
                sink.sendall(data)

    def hold():
        with contextlib.suppress(OSError):
            near, _ = listener.accept()
            held.connected.set()
            held.let_go.wait()
            far = socket.create_connection((host, int(port)))
            sockets.extend([near, far])
            threading.Thread(target=copy, args=(far, near), daemon=True).start()
            copy(near, far)
    threading.Thread(target=hold, daemon=True).start()
    yield held
    held.let_go.set()
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
    upstream.kill()


def test_message_sent_while_the_connection_is_made_arrives(new_server, held_upstream):
    """The call is begun before its only message comes, and neither can go out yet."""
    server = new_server(UPSTREAM_GRPC=held_upstream.address).start()
    assert held_upstream.connected.wait(10)
    with Http2(server.address) as raw:
        stream = raw.open("/probe.Probe/Describe")
        wait_until(lambda: "\nsatchel_passed_calls_in_flight 1\n" in server.prometheus(), 5,
                   "the call is there")
        raw.send(stream, message(probe.Payload(data=b"late").SerializeToString()), end=True)
        raw.ping()
        raw.wait(lambda: raw.pings == 1, 5, "the message is read")
        assert "grpc-status" not in raw.headers
        held_upstream.let_go.set()
        raw.wait(lambda: "grpc-status" in raw.headers, 10, "an answer")
    assert raw.grpc_status() == grpc.StatusCode.OK.value[0], raw.headers
