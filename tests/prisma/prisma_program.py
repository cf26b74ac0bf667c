"""The program of client.ts, compiled against the Prisma Client of this checkout's schema."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from harness.locations import REPOSITORY
from harness.server import clean_environment

SOURCES = REPOSITORY / "tests" / "prisma"
TOOL = REPOSITORY / "tools" / "prisma"
COMPILE_SECONDS = 100


class PrismaError(Exception):
    """Prisma refused; the message is its code, such as P2002."""


def tool(*arguments) -> str:
    """What tools/prisma prints."""
    kept = {key: os.environ[key] for key in ("SATCHEL_CACHE",) if key in os.environ}
    return subprocess.run([TOOL, *arguments], check=True, stdout=subprocess.PIPE, text=True,
                          env={**clean_environment(), **kept}, timeout=COMPILE_SECONDS).stdout


@contextlib.contextmanager
def compiled_program():
    """The path of client.js; its folder is below node_modules', where Node looks."""
    modules = pathlib.Path(tool("modules").strip())
    folder = pathlib.Path(tempfile.mkdtemp(prefix="test.", dir=modules))
    try:
        tool("client", folder / "client")
        for name in ("client.ts", "tsconfig.json", "package.json"):
            shutil.copy(SOURCES / name, folder)
        # Generated code is CommonJS, as its package would say.
        (folder / "client" / "package.json").write_text('{"type": "commonjs"}')
        subprocess.run(["node", modules / "node_modules/typescript/bin/tsc", "-p", folder],
                       check=True, env=clean_environment(), timeout=COMPILE_SECONDS)
        yield folder / "client.js"
    finally:
        shutil.rmtree(folder)


class PrismaProgram:
    """A running client.js; `program.documentsOf(user_id=...)` asks it."""

    def __init__(self, script: pathlib.Path, database_url: str):
        self._process = subprocess.Popen(
            ["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            encoding="utf-8",
            env={**clean_environment(), "MICROSERVICE_DATABASE": database_url})

    def __getattr__(self, action):
        def ask(**request):
            self._process.stdin.write(json.dumps({"action": action, "input": request}) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
            if "error" in answer:
                raise PrismaError(answer["error"])
            return answer["result"]
        return ask

    def close(self) -> None:
        self._process.stdin.close()
        try:
            assert self._process.wait(timeout=30) == 0
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
