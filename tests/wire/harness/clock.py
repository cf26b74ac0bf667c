"""A wall clock for one server that the test moves while it runs; the steady clock stays real."""

import datetime
import functools
import mmap
import pathlib
import struct
import subprocess
import tempfile

_SOURCE = pathlib.Path(__file__).with_name("movable_clock.c")


@functools.cache
def _library() -> pathlib.Path:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="satchel-wire-clock-"))
    library = folder / "movable_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE)], check=True)
    return library


class MovableClock:
    """Begins at the real time. The settings go to the server; move() acts at once."""

    def __init__(self, directory: pathlib.Path):
        path = directory / "clock-offset"
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self._offset = mmap.mmap(file.fileno(), 8)
        self.settings = {"LD_PRELOAD": _library(), "MOVABLE_CLOCK_FILE": path}

    def move(self, offset: datetime.timedelta) -> None:
        """The server's wall clock is the real one plus `offset` from now on."""
        self._offset[:] = struct.pack("=q", int(offset.total_seconds()))
