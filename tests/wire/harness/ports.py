"""Free TCP ports below the ephemeral range, so that no outgoing connection takes them first."""

import itertools
import os
import socket

_FIRST = 12000
_COUNT = 18000
_candidates = itertools.cycle(
    _FIRST + (os.getpid() * 97 + offset) % _COUNT for offset in range(_COUNT))


def free_port() -> int:
    for _ in range(_COUNT):
        port = next(_candidates)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
