"""A gate before a database that loses a COMMIT, or the reply to it."""

import contextlib
import re
import socket
import threading

COM_QUERY = 3
_HEADER_BYTES = 4
_COMMIT = re.compile(rb"\s*commit(\s+work)?\s*;?\s*", re.IGNORECASE)
_BEGIN = re.compile(rb"\s*(begin|start\s+transaction)\b", re.IGNORECASE)


class CommitGate:
    """Forwards connections of the MySQL protocol (not TLS) to `target`.

    `lose` names one COMMIT by what its transaction mentions; at that COMMIT the connection is cut:
    with `forward` after the database has answered, so that it did commit and nobody knows; without
    before the database saw it.
    """

    def __init__(self, target: str):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._lock = threading.Lock()
        self._rule = None
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def lose(self, mention: str, number: int, forward: bool) -> None:
        """Loses the `number`-th COMMIT from now on, from 1, of transactions that mention this."""
        with self._lock:
            self._rule = [mention.encode(), number, forward]
            self.lost = 0

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target)
            except OSError:
                near.close()
                continue
            connection = _Connection(self, near, far)
            threading.Thread(target=connection.pump_to_server, daemon=True).start()
            threading.Thread(target=connection.pump_to_client, daemon=True).start()

    def decide(self, transaction: bytes):
        """None: let the COMMIT pass; else whether it is forwarded before the cut."""
        with self._lock:
            if self._rule is None or self._rule[0] not in transaction:
                return None
            self._rule[1] -= 1
            if self._rule[1] > 0:
                return None
            forward = self._rule[2]
            self._rule = None
            self.lost += 1
            return forward


class _Connection:
    def __init__(self, gate: CommitGate, near, far):
        self._gate = gate
        self._near = near
        self._far = far
        self._transaction = b""
        self._withheld = threading.Event()
        self._answered = threading.Event()

    def pump_to_server(self) -> None:
        pending = b""
        with contextlib.suppress(OSError):
            while data := self._near.recv(65536):
                pending += data
                while (packet := _first_packet(pending)) is not None:
                    pending = pending[len(packet):]
                    if not self._pass(packet):
                        self._close()
                        return
        self._close()

    def _pass(self, packet: bytes) -> bool:
        """Forwards one packet; False when the connection is to be cut."""
        sequence, payload = packet[3], packet[_HEADER_BYTES:]
        command = payload[1:] if sequence == 0 and payload[:1] == bytes([COM_QUERY]) else b""
        if _BEGIN.match(command):
            self._transaction = b""
        elif _COMMIT.fullmatch(command):
            forward = self._gate.decide(self._transaction)
            if forward is not None:
                if forward:
                    self._withheld.set()
                    self._far.sendall(packet)
                    assert self._answered.wait(30), "the database answers the COMMIT"
                return False
        self._transaction += payload
        self._far.sendall(packet)
        return True

    def pump_to_client(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._far.recv(65536):
                if self._withheld.is_set():
                    self._answered.set()
                    continue
                self._near.sendall(data)
        self._close()

    def _close(self) -> None:
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _first_packet(data: bytes):
    """The first packet with its header, None when it is not whole."""
    if len(data) < _HEADER_BYTES:
        return None
    length = _HEADER_BYTES + int.from_bytes(data[:3], "little")
    return data[:length] if len(data) >= length else None
