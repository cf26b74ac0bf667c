"""A bare HTTP/2 client, for what no gRPC library will send."""

import base64
import socket
import struct
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from google.rpc import status_pb2


FRAME_HEAD_BYTES = 9


class Http2:
    """One connection, one thread. It opens no flow-control window unless told to."""

    def __init__(self, address: str):
        host, port = address.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)))
        self._connection = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self._connection.initiate_connection()
        self._flush()
        self._unread = b""
        self.headers = {}
        self.received = 0
        self.pings = 0
        self.ended = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        self._socket.close()

    def reset_hard(self) -> None:
        """Drops the connection with a TCP RST, as a machine that vanishes does."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _flush(self) -> None:
        self._socket.sendall(self._connection.data_to_send())

    def open(self, path: str, timeout: str = "30S", extra=()) -> int:
        stream = self._connection.get_next_available_stream_id()
        self._connection.send_headers(stream, [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "satchel"),
            ("content-type", "application/grpc"), ("te", "trailers"),
            ("grpc-timeout", timeout), *extra])
        self._flush()
        return stream

    def send(self, stream: int, data: bytes, end: bool = False) -> None:
        """Raw bytes of the stream; `message()` makes a framed message of them."""
        sent = 0
        while sent < len(data) or (end and not data):
            room = min(self._connection.local_flow_control_window(stream),
                       self._connection.max_outbound_frame_size)
            if data and room == 0:
                self._receive(5)
                if self.ended is not None:
                    return
                continue
            part = data[sent:sent + room]
            sent += len(part)
            self._connection.send_data(stream, part, end_stream=end and sent == len(data))
            self._flush()
            if not data:
                return

    def grant(self, stream: int, size: int) -> None:
        """Lets the peer send so many bytes more."""
        self._connection.increment_flow_control_window(size)
        self._connection.increment_flow_control_window(size, stream)
        self._flush()

    def ping(self) -> None:
        self._connection.ping(b"satchel!")
        self._flush()

    def _receive(self, seconds: float) -> bool:
        """Handles what arrives within `seconds`; False when the peer closed."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            data = self._socket.recv(1 << 20)
        except TimeoutError:
            return True
        except ConnectionError:
            data = b""
        if not data:
            self.ended = self.ended or "closed"
            return False
        for event in self._events(data):
            if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                self.headers.update(dict(event.headers))
            elif isinstance(event, h2.events.DataReceived):
                self.received += len(event.data)
            elif isinstance(event, h2.events.PingAckReceived):
                self.pings += 1
            elif isinstance(event, h2.events.StreamReset):
                self.ended = "reset"
            elif isinstance(event, h2.events.StreamEnded):
                self.ended = self.ended or "ended"
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.ended = f"goaway {event.error_code}"
        self._flush()
        return True

    def _events(self, data: bytes):
        """Frame by frame: what is wrong with one must not lose those before it."""
        self._unread += data
        while len(self._unread) >= FRAME_HEAD_BYTES:
            end = FRAME_HEAD_BYTES + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < end:
                return
            frame, self._unread = self._unread[:end], self._unread[end:]
            try:
                yield from self._connection.receive_data(frame)
            except h2.exceptions.ProtocolError:
                # h2 takes nothing behind a GOAWAY, not even the ping that gRPC sends with it.
                if not (self.ended or "").startswith("goaway"):
                    raise

    def wait(self, condition, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not within {seconds} s: {what}")
            if not self._receive(left) and not condition():
                raise AssertionError(f"connection closed before: {what}")

    def drain(self, seconds: float) -> bool:
        """Handles the next thing that arrives within `seconds`; False when the peer closed."""
        return self._receive(seconds)

    def grpc_status(self) -> int:
        return int(self.headers["grpc-status"])

    def rich_status(self) -> status_pb2.Status:
        raw = self.headers["grpc-status-details-bin"]
        return status_pb2.Status.FromString(base64.b64decode(raw + "=" * (-len(raw) % 4)))


def message(data: bytes, compressed: int = 0, length=None) -> bytes:
    """gRPC's length-prefixed message; `length` may lie."""
    return struct.pack(">BI", compressed, len(data) if length is None else length) + data
