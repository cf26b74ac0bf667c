"""A server on the embedded default, for tests that are not about its store."""

import contextlib
import dataclasses
import pathlib

from harness.server import Server


@dataclasses.dataclass(frozen=True)
class Folder:
    """STORAGE_DIR, in which nothing is yet."""

    path: pathlib.Path

    def environment(self) -> dict:
        return {"STORAGE_DIR": str(self.path)}


@contextlib.contextmanager
def running(directory: pathlib.Path, program=None, wait=True, **settings):
    """A server that is ready; it is ended, if the test did not do so, when the context ends.

    Without `wait` it need not be ready: what it depends on may be away.
    """
    server = Server(Folder(directory / "storage"), directory / "server", settings, program=program)
    try:
        yield server.start() if wait else server.spawn()
    finally:
        if server.running():
            server.kill()
