"""Free TCP ports below the ephemeral range, so that no outgoing connection takes them first."""

import fcntl
import itertools
import os
import pathlib
import socket
import tempfile

_FIRST = 12000
_COUNT = 18000
_candidates = itertools.cycle(
    _FIRST + (os.getpid() * 97 + offset) % _COUNT for offset in range(_COUNT))
# tests/support/free_port.cc claims its ports of the same range in the same file.
# Until a server binds its port, the port still looks free: its byte in this file, locked until this
# process ends, keeps it from all others that ask here. Such locks are lost when the process closes
# any descriptor of the file: it is opened here alone.
_claims = open(pathlib.Path(tempfile.gettempdir()) / f"satchel-ports-{os.getuid()}", "wb")


def free_port() -> int:
    """A port that no other running process has got from here."""
    for _ in range(_COUNT):
        port = next(_candidates)
        try:
            fcntl.lockf(_claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise RuntimeError("no free port")
