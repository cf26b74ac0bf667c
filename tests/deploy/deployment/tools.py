"""Where the tools of tools/bootstrap are, and how they are run."""

import os
import pathlib
import shutil
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
CACHE = pathlib.Path(os.environ.get("SATCHEL_CACHE") or pathlib.Path.home() / ".cache/satchel")


def tool(name: str) -> str:
    """A tool of the cache or of the system; its absence is a failure, not a skip."""
    cached = CACHE / "bin" / name
    found = str(cached) if cached.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: run tools/bootstrap test")
    return found


def run(*command, seconds: float = 60, **keywords) -> subprocess.CompletedProcess:
    """Runs a command to its end; what it says is in the result, whatever its exit code."""
    return subprocess.run([str(part) for part in command], text=True, timeout=seconds,
                          capture_output=True, stdin=subprocess.DEVNULL, check=False, **keywords)


def output_of(*command, **keywords) -> str:
    """Standard output of a command that must succeed."""
    done = run(*command, **keywords)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}\n{done.stderr}"
    return done.stdout
