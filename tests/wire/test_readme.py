"""The README's quick start, run as it stands there, shows what the README shows."""

import os
import pty
import re
import subprocess
import threading

import pytest

from harness.locations import REPOSITORY, binary
from harness.server import clean_environment

QUICK_START = re.compile(r"^## Quick start$(.*?)^## ", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=== next command ==="
CACHE = os.environ.get("SATCHEL_CACHE") or os.path.expanduser("~/.cache/satchel")
MASKED = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d\.\d{3}Z)?"), "<time>"),
)


def sessions():
    """The console blocks of the quick start: lists of (command, output as documented)."""
    text = QUICK_START.search((REPOSITORY / "README.md").read_text(encoding="utf-8")).group(1)
    for block in SESSION.findall(text):
        steps = []
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append([line[2:], ""])
            elif line.startswith("  "):
                steps[-1][0] += "\n" + line
            elif line:
                steps[-1][1] += line + "\n"
        yield steps


def masked(text):
    for pattern, name in MASKED:
        text = pattern.sub(name, text)
    return text


def run_on_a_terminal(script, directory, environment):
    """Runs a bash script whose standard output is a terminal; returns what it showed."""
    ours, theirs = pty.openpty()
    shown = []

    def collect():
        try:
            while chunk := os.read(ours, 65536):
                shown.append(chunk)
        except OSError:
            pass  # EIO: the last writer has closed the terminal.

    reader = threading.Thread(target=collect)
    reader.start()
    try:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=directory,
                              env=environment, stdin=subprocess.DEVNULL, stdout=theirs,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)
    output = b"".join(shown).decode().replace("\r\n", "\n")
    assert done.returncode == 0, output + done.stderr.decode()
    return output


@pytest.mark.parametrize("steps", [steps for steps in sessions() if steps[0][0] != "make run"],
                         ids=lambda steps: steps[0][0].split()[0])
def test_quick_start(server, tmp_path, steps):
    (tmp_path / "build").symlink_to(binary().parent)
    (tmp_path / "notes.txt").write_text("Photosynthesis: light in, sugar out.\n")
    environment = {**clean_environment(), "SATCHEL_SERVER": server.address}
    environment["PATH"] = f"{CACHE}/bin:{environment['PATH']}"
    script = "\n".join(f"echo '{MARK}'\n{command}" for command, _ in steps)
    script = script.replace("localhost:50051", server.address)

    outputs = run_on_a_terminal(script, tmp_path, environment).split(MARK + "\n")[1:]

    assert len(outputs) == len(steps)
    for (command, documented), output in zip(steps, outputs):
        if documented:
            assert masked(output) == masked(documented), command


def test_quick_start_begins_with_one_command():
    assert [steps[0][0] for steps in sessions()][0] == "make run"
    assert len(list(sessions())) == 3


def test_every_command_is_in_the_table():
    done = subprocess.run([binary(), "--help"], env=clean_environment(), capture_output=True,
                          text=True, timeout=60, check=True)
    commands = re.findall(r"^  ([a-z]+)  ", done.stdout.split("Subcommands:\n")[1], re.MULTILINE)
    assert {"serve", "put", "migrate"} <= set(commands)
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    table = text.split("\n## Command line\n")[1].split("\n\n")[0]
    for command in commands:
        assert re.search(rf"`{command}[` ]", table), f"README.md does not name {command}"


def test_every_default_is_in_the_table():
    """The defaults of `serve --help`, where the README has one value and not a rule."""
    done = subprocess.run([binary(), "serve", "--help"], env=clean_environment(),
                          capture_output=True, text=True, timeout=60, check=True)
    documented = {}
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for keys, defaults in re.findall(r"^\| (`[A-Z_`, ]+) \| (.+?) \|", text, re.MULTILINE):
        documented |= dict(zip(re.findall(r"`(\w+)`", keys), defaults.split(", ")))
    helped = dict(re.findall(r"\[([A-Z][A-Z_]+), default ([\w.:]+)\]", done.stdout))
    assert len(helped) > 20
    sizes = {"50MB": "52428800", "1GB": "1073741824"}
    for key, default in helped.items():
        assert documented[key].strip("`") in (default, sizes.get(default)), key
