"""Runs the client and administration commands of the binary."""

import dataclasses
import json
import subprocess

from harness.locations import binary
from harness.server import clean_environment

COMMAND_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Outcome:
    exit_code: int
    out: bytes
    error: str

    @property
    def text(self) -> str:
        return self.out.decode()

    def json_lines(self) -> list:
        return [json.loads(line) for line in self.text.splitlines() if line]

    def json(self):
        return json.loads(self.out)


def satchel(*arguments, environment=None, stdin=b"", cwd=None, seconds=COMMAND_SECONDS) -> Outcome:
    done = subprocess.run(
        [str(binary()), *map(str, arguments)], env={**clean_environment(), **(environment or {})},
        input=stdin, capture_output=True, cwd=cwd, timeout=seconds, check=False)
    return Outcome(done.returncode, done.stdout, done.stderr.decode(errors="replace"))


def administer(server, *arguments, environment_extra=None, **keywords) -> Outcome:
    """A command that acts on the server's own store, running or not."""
    environment = {**server.environment, **(environment_extra or {})}
    return satchel(*arguments, environment=environment, cwd=server.directory, **keywords)


def as_user(server, user_id: str):
    """The client commands of one user against one server."""
    environment = {"SATCHEL_SERVER": server.address, "SATCHEL_USER": user_id}

    def run(*arguments, **keywords) -> Outcome:
        return satchel(*arguments, environment=environment, **keywords)
    return run
