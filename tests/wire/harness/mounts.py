"""File systems of a test's own."""

import contextlib
import pathlib
import subprocess


@contextlib.contextmanager
def mounted(path: pathlib.Path, options: str):
    """A file system of its own in memory; needs root, as the build machines have it."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
