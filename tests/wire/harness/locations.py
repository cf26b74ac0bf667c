"""Where the suite finds the binary, the contract and the servers that it starts."""

import os
import pathlib
import shutil

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROTO_ROOT = REPOSITORY / "proto"
MIGRATIONS = REPOSITORY / "prisma" / "migrations"
CACHE = pathlib.Path(os.environ.get("SATCHEL_CACHE") or pathlib.Path.home() / ".cache" / "satchel")


def binary() -> pathlib.Path:
    """The server under test; SATCHEL_BINARY overrides the build's own."""
    path = pathlib.Path(os.environ.get("SATCHEL_BINARY", REPOSITORY / "build" / "satchel"))
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"no executable at {path}: build it, or set SATCHEL_BINARY")
    return path


def back_end_program(name: str) -> str:
    """A database, object store or proxy that `tools/bootstrap test` has built or installed."""
    own = CACHE / "bin" / name
    system_folders = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    found = str(own) if os.access(own, os.X_OK) else shutil.which(name, path=system_folders)
    if found is None:
        raise FileNotFoundError(f"no {name}: run tools/bootstrap test")
    return found
