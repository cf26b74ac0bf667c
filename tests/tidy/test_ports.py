"""tests/wire/harness/ports.py: suites that run at the same time get different ports."""

import contextlib
import re
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


def test_the_cpp_tests_claim_in_the_same_way():
    sources = [(HARNESS / "harness" / "ports.py").read_text(),
               (HARNESS.parent / "support" / "free_port.cc").read_text()]
    for agreed in (r"First = (\d+)", r"Count = (\d+)", r"(satchel-ports-)",
                   r"pid\(\)\}? \* (\d+)"):
        python, cpp = (re.findall(agreed, source, re.IGNORECASE) for source in sources)
        assert python == cpp and len(cpp) == 1, agreed


def test_processes_do_not_share_ports():
    with contextlib.ExitStack() as running:
        processes = [running.enter_context(subprocess.Popen(
            [sys.executable, "-c", PROGRAM], cwd=HARNESS, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={"PYTHONDONTWRITEBYTECODE": "1"})) for _ in range(3)]
        ports = [port for process in processes for port in process.stdout.readline().split()]
    assert len(ports) == 1500
    assert len(set(ports)) == 1500
