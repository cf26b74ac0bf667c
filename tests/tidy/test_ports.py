"""tests/wire/harness/ports.py: suites that run at the same time get different ports."""

import contextlib
import subprocess
import sys
from pathlib import Path

HARNESS = Path(__file__).resolve().parents[1] / "wire"
PROGRAM = """
import os, sys
os.getpid = lambda: 4711  # where the search begins
from harness.ports import free_port
print(*(free_port() for _ in range(500)), flush=True)
sys.stdin.read()
"""


def test_processes_do_not_share_ports():
    with contextlib.ExitStack() as running:
        processes = [running.enter_context(subprocess.Popen(
            [sys.executable, "-c", PROGRAM], cwd=HARNESS, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={"PYTHONDONTWRITEBYTECODE": "1"})) for _ in range(3)]
        ports = [port for process in processes for port in process.stdout.readline().split()]
    assert len(ports) == 1500
    assert len(set(ports)) == 1500
