"""The invariants of the store, proved by the program's own checker."""

import contextlib

from harness.cli import Outcome, administer


def fsck(server, *arguments) -> Outcome:
    return administer(server, "fsck", *arguments, seconds=120)


def assert_clean(server) -> None:
    """I1, I2 and I5 hold; the server may run or not."""
    outcome = fsck(server)
    assert outcome.exit_code == 0, f"fsck found something:\n{outcome.text}\n{outcome.error}"


@contextlib.contextmanager
def served(server, leaves_clean=True):
    """Runs the server, which must end with 0 and leave a clean store."""
    try:
        yield server.start()
        exit_code = server.stop()
        assert exit_code == 0, server.output()
        if leaves_clean:
            assert_clean(server)
    finally:
        if server.running():
            server.kill()
