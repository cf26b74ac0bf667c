"""Where the suite finds the binary and the contract."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
PROTO_ROOT = REPOSITORY / "proto"


def binary() -> pathlib.Path:
    """The server under test; SATCHEL_BINARY overrides the build's own."""
    path = pathlib.Path(os.environ.get("SATCHEL_BINARY", REPOSITORY / "build" / "satchel"))
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"no executable at {path}: build it, or set SATCHEL_BINARY")
    return path
