"""A gate before an S3 server that lets one request arrive late, even when its sender has gone."""

import contextlib
import re
import socket
import threading

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_REPLY_SECONDS = 30


class Held:
    """One request that is held back."""

    def __init__(self, start: bytes, mention: bytes, seconds: float):
        self.start = start
        self.mention = mention
        self.seconds = seconds
        self.taken = threading.Event()  # all of it has come from the sender
        self.landed = threading.Event()  # the server has answered it
        self.status = 0
        self.error = None

    def matches(self, data: bytes) -> bool:
        return data.startswith(self.start) and self.mention in data.split(b"\r\n", 1)[0]

    def wait_taken(self) -> None:
        assert self.taken.wait(30), f"no {self.start.decode()} came"

    def wait_landed(self) -> int:
        """The HTTP status that the late request got."""
        assert self.landed.wait(self.seconds + _REPLY_SECONDS), f"never sent on: {self.error}"
        return self.status


class RequestGate:
    """Forwards connections to `target`; a request that is held passes later than all others."""

    def __init__(self, target: str):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._lock = threading.Lock()
        self._held = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def hold_next(self, method: str, mention: str, seconds: float) -> Held:
        """Holds back the next request with this method and this in its request line."""
        with self._lock:
            self._held = Held(method.encode() + b" ", mention.encode(), seconds)
            return self._held

    def _take_rule(self, data: bytes):
        with self._lock:
            held = self._held
            if held is None or not held.matches(data):
                return None
            self._held = None
            return held

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near) -> None:
        try:
            far = socket.create_connection(self._target)
        except OSError:
            near.close()
            return
        threading.Thread(target=_pump, args=(far, near), daemon=True).start()
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                held = self._take_rule(data)
                if held is not None:
                    self._send_late(held, near, data)
                    break
                far.sendall(data)
        for end in (near, far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _send_late(self, held: Held, near, data: bytes) -> None:
        try:
            request = _whole_request(near, data)
            held.taken.set()
            # The delay is the fault that the test is about.
            threading.Event().wait(held.seconds)
            with socket.create_connection(self._target) as late:
                late.settimeout(_REPLY_SECONDS)
                late.sendall(request)
                reply = late.recv(65536)
                while reply.startswith(b"HTTP/1.1 100"):
                    reply = reply.split(b"\r\n\r\n", 1)[1] or late.recv(65536)
                held.status = int(reply.split(b" ", 2)[1])
            held.landed.set()
            with contextlib.suppress(OSError):
                near.sendall(reply)
        except (OSError, ValueError, IndexError) as error:
            held.error = repr(error)


def _whole_request(near, data: bytes) -> bytes:
    while b"\r\n\r\n" not in data:
        data += _received(near)
    head = data.split(b"\r\n\r\n", 1)[0]
    length = _LENGTH.search(head)
    wanted = len(head) + 4 + (int(length.group(1)) if length else 0)
    if b"100-continue" in head.lower() and len(data) < wanted:
        near.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while len(data) < wanted:
        data += _received(near)
    return data


def _received(near) -> bytes:
    data = near.recv(65536)
    if not data:
        raise OSError("the sender went before its request was whole")
    return data


def _pump(source, sink) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
