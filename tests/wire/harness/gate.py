"""A TCP gate before the server, with which a test cuts a connection where it wants."""

import contextlib
import socket
import threading


class Gate:
    """Forwards connections to `target`; cuts each of the first ones after so many bytes.

    `cuts` lists, connection by connection, how many bytes from the server pass before both sides
    are closed; connections beyond the list are not cut. `before_cut` is called with that number
    first, and may wait until the client has taken what passed.
    """

    def __init__(self, target: str, cuts=(), before_cut=lambda passed: None):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._cuts = list(cuts)
        self._before_cut = before_cut
        self._lock = threading.Lock()
        self.connections = 0
        self.bytes_from_server = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                limit = self._cuts[self.connections] if self.connections < len(self._cuts) else None
                self.connections += 1
            try:
                far = socket.create_connection(self._target)
            except OSError:
                near.close()
                continue
            threading.Thread(target=_pump, args=(near, far), daemon=True).start()
            threading.Thread(target=self._pump_back, args=(far, near, limit), daemon=True).start()

    def _pump_back(self, far, near, limit) -> None:
        passed = _pump(far, near, limit, self._before_cut)
        with self._lock:
            self.bytes_from_server += passed


def _pump(source, sink, limit=None, before_cut=None) -> int:
    """Copies until either side ends or `limit` bytes have passed, then closes both."""
    passed, cut = 0, False
    try:
        with contextlib.suppress(OSError):
            while not cut and (data := source.recv(65536)):
                cut = limit is not None and passed + len(data) >= limit
                data = data[:limit - passed] if cut else data
                sink.sendall(data)
                passed += len(data)
        if cut:
            before_cut(passed)
    finally:
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
    return passed
