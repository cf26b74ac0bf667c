"""Makes each example ready as its README says, in the cache, so that a second run is quick."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
CACHE = pathlib.Path(os.environ.get("SATCHEL_CACHE") or pathlib.Path.home() / ".cache/satchel")
EXAMPLES = REPOSITORY / "examples"
WORK = CACHE / "examples"
BUILD_SECONDS_MAX = 580


def _run(*command, folder: pathlib.Path, **environment) -> None:
    done = subprocess.run([str(part) for part in command], cwd=folder, text=True, check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=BUILD_SECONDS_MAX,
                          env={**os.environ, **environment})
    assert done.returncode == 0, f"{command} in {folder}\n{done.stdout}"


def _copy(name: str) -> pathlib.Path:
    """The example and the API in a folder of their own: a build leaves nothing in the checkout."""
    folder = WORK / hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:12]
    shutil.copytree(REPOSITORY / "proto", folder / "proto", dirs_exist_ok=True)
    shutil.copytree(EXAMPLES / name, folder / "examples" / name, dirs_exist_ok=True)
    return folder / "examples" / name


def python() -> list:
    folder = _copy("python")
    _run("sh", "generate.sh", folder=folder, PYTHON=sys.executable)
    return [sys.executable, folder / "documents.py"]


def go() -> list:
    folder = _copy("go")
    _run("sh", "generate.sh", folder=folder, PATH=f"{CACHE / 'bin'}:{os.environ['PATH']}")
    _run(CACHE / "bin" / "go", "build", "-mod=readonly", "-o", "documents", ".", folder=folder,
         GOFLAGS="", GOTOOLCHAIN="local")
    return [folder / "documents"]


def node() -> list:
    folder = _copy("node")
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_bytes() != lock:
        _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=folder)
        stamp.write_bytes(lock)
    return ["node", folder / "documents.mjs"]


def cpp() -> list:
    folder = _copy("cpp")
    compiler_cache = os.environ.get("CCACHE_DIR") or str(CACHE / "ccache")
    _run("cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
         "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", f"-DGOOGLEAPIS_DIR={CACHE / 'googleapis'}",
         folder=folder)
    _run("cmake", "--build", "build", folder=folder, CCACHE_DIR=compiler_cache)
    return [folder / "build" / "documents"]


BUILDERS = {"python": python, "go": go, "node": node, "cpp": cpp}
