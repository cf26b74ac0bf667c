"""The unit is one that systemd takes, is hardened, and lets the server do what it does."""

import os
import re
import signal

import pytest

from deployment.servers import running
from deployment.tools import REPOSITORY, output_of, run, tool
from harness.client import Client
from harness.documents import pdf_of_size
from harness.locations import binary

UNIT = REPOSITORY / "deploy" / "systemd" / "satchel.service"
EXPOSURE_MAX = 1.5  # of 10, as systemd-analyze judges it


@pytest.fixture
def unit(tmp_path):
    """The unit as installed: systemd wants to see the program it names."""
    installed = tmp_path / "satchel.service"
    installed.write_text(UNIT.read_text().replace("/usr/local/bin/satchel", str(binary())))
    return installed


def test_is_a_unit(unit):
    done = run(tool("systemd-analyze"), "verify", "--man=no", unit)
    assert done.returncode == 0 and "satchel.service" not in done.stderr, done.stderr


def test_a_mistake_is_seen(unit):
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystem=rather"))
    done = run(tool("systemd-analyze"), "verify", "--man=no", unit)
    assert "satchel.service" in done.stderr


def test_is_hardened(unit):
    judged = output_of(tool("systemd-analyze"), "security", "--offline=yes", "--no-pager", unit)
    (exposure,) = re.findall(r"Overall exposure level for satchel.service: ([\d.]+)", judged)
    assert float(exposure) <= EXPOSURE_MAX, judged


def group(name: str) -> set:
    """The system calls of a group, groups in it included."""
    calls = set()
    listed = output_of(tool("systemd-analyze"), "--no-pager", "syscall-filter", name)
    for line in listed.splitlines():
        word = line.strip()
        if word.startswith("@") and word != name:
            calls |= group(word)
        elif re.fullmatch(r"\w+", word) and line.startswith(" "):
            calls.add(word)
    return calls


@pytest.mark.parametrize("kind", ["embedded", "remote"])
def test_allows_every_system_call_of_the_server(request, kind, tmp_path):
    """A server that is started, used and stopped under strace makes only calls the unit allows."""
    store, settings = None, {}
    if kind == "remote":
        store = request.getfixturevalue("remote").part("satchel_traced")
        settings["MICROSERVICE_DATABASE_CA"] = request.getfixturevalue("authority_path")
    allowed = set()
    for filters in re.findall(r"^SystemCallFilter=(.+)$", UNIT.read_text(), re.MULTILINE):
        for name in filters.lstrip("~").split():
            allowed = allowed - group(name) if filters.startswith("~") else allowed | group(name)
    trace = tmp_path / "trace"
    wrapper = tmp_path / "traced"
    wrapper.write_text(f'#!/bin/sh\nexec {tool("strace")} -f -qq -o {trace} {binary()} "$@"\n')
    wrapper.chmod(0o755)
    with running(tmp_path, store, program=wrapper, **settings) as server:
        with Client(server.address) as client:
            stored = client.upload("ada", "a.pdf", pdf_of_size(1 << 20))
            client.download("ada", stored.document_id)
        os.kill(int(output_of("pgrep", "-P", server.process.pid)), signal.SIGTERM)
        assert server.wait() == 0
    # The first call is made by strace's child before it becomes the server.
    called = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))
    assert {"openat", "fdatasync", "accept4"} & called and called <= allowed, called - allowed
