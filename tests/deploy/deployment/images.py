"""The image, built by buildah as `docker build` would, and run without an engine.

Layers are kept in the cache, so that a second run only compiles what changed, and that through the
compiler cache of the host. No image registry is asked: debootstrap makes the base image.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import psutil

from deployment.tools import CACHE, REPOSITORY, output_of, run, tool
from harness.waiting import wait_until

BASE = "docker.io/library/debian:bookworm-slim"
MIRROR = "http://deb.debian.org"
SOURCES = f"""\
deb {MIRROR}/debian bookworm main
deb {MIRROR}/debian bookworm-updates main
deb {MIRROR}/debian-security bookworm-security main
"""
FOLDER = CACHE / "containers"
BUILD_SECONDS_MAX = 1500  # a cold one, on two busy cores


def _as_root(*command) -> list:
    """Makes root file systems and mounts: that takes root, as installing packages does."""
    return [*(() if os.geteuid() == 0 else ("sudo", "--non-interactive")), *map(str, command)]


def _buildah(*arguments, driver=None) -> list:
    driver = driver or _storage_driver()
    return _as_root(tool("buildah"), "--root", FOLDER / driver, "--runroot", FOLDER / "run",
                    "--storage-driver", driver, *arguments)


def _storage_driver() -> str:
    """overlay where the kernel lets it, else vfs, which copies every layer."""
    done = run(*_buildah("images", driver="overlay"))
    return "overlay" if done.returncode == 0 else "vfs"


@contextlib.contextmanager
def _one_at_a_time():
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_base() -> None:
    if run(*_buildah("inspect", "--type", "image", BASE)).returncode == 0:
        return
    with tempfile.TemporaryDirectory(dir=FOLDER) as work:
        root = pathlib.Path(work) / "root"
        output_of(*_as_root(tool("debootstrap"), "--variant=minbase", "bookworm", root,
                            f"{MIRROR}/debian"), seconds=BUILD_SECONDS_MAX)
        (root / "etc/apt/sources.list").write_text(SOURCES)
        # Authorities that this machine trusts beyond the public ones, such as a company's proxy.
        shutil.copytree("/usr/local/share/ca-certificates",
                        root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
        for kept in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(root / kept)
            (root / kept).mkdir()
        archive = pathlib.Path(work) / "root.tar"
        output_of(*_as_root("tar", "-C", root, "-cf", archive, "."), seconds=BUILD_SECONDS_MAX)
        container = output_of(*_buildah("from", "scratch")).strip()
        output_of(*_buildah("add", "--quiet", container, archive, "/"), seconds=BUILD_SECONDS_MAX)
        output_of(*_buildah("commit", "--quiet", "--rm", container, BASE),
                  seconds=BUILD_SECONDS_MAX)


def build_image(name: str) -> dict:
    """Builds the Dockerfile; returns the image's description."""
    compiler_cache = os.environ.get("CCACHE_DIR") or CACHE / "ccache"
    pathlib.Path(compiler_cache).mkdir(parents=True, exist_ok=True)
    with _one_at_a_time():
        _make_base()
        output_of(*_buildah("build", "--isolation", "chroot", "--pull-never", "--layers",
                            "--format", "docker", "--volume", f"{compiler_cache}:/mnt",
                            "--tag", name, REPOSITORY), seconds=BUILD_SECONDS_MAX)
        return json.loads(output_of(*_buildah("inspect", "--type", "image", name)))


@contextlib.contextmanager
def mounted(name: str):
    """The image's root file system, mounted while the context lasts."""
    container = output_of(*_buildah("from", "--pull-never", name)).strip()
    try:
        yield pathlib.Path(output_of(*_buildah("mount", container)).strip())
    finally:
        output_of(*_buildah("rm", container))


class Container:
    """A process of an image: the image's user, a read-only root, a PID space of its own."""

    def __init__(self, image: dict, root: pathlib.Path, volume: pathlib.Path, environment: dict):
        config = image["Docker"]["config"]
        self._root, self._user = root, config["User"]
        self._environment = dict(entry.split("=", 1) for entry in config["Env"]) | environment
        self._command = [*config["Entrypoint"], *config["Cmd"]]
        self._health = config["Healthcheck"]["Test"]
        (self._volume,) = config["Volumes"]
        os.chown(volume, *map(int, self._user.split(":")))
        self._data = volume
        self.log = volume.parent / "container.log"

    def _inside(self, command) -> list:
        variables = [f"{key}={value}" for key, value in self._environment.items()]
        return ["chroot", f"--userspec={self._user}", str(self._root),
                "env", "--ignore-environment", *variables, *command]

    def start(self) -> None:
        root = self._root
        script = f"""set -e
            mount --bind {root} {root}
            mount --bind {self._data} {root}{self._volume}
            mount -o remount,bind,ro {root}
            mount -t proc proc {root}/proc
            ! touch {root}/etc/written
            exec "$@" """
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                _as_root("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
                         script, "sh", *self._inside(self._command)),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _first_process(self):
        """PID 1 of the container."""
        found = [child for child in psutil.Process(self.process.pid).children(recursive=True)
                 if child.name() == self._command[0]]
        return found[0] if found else None

    def healthy(self) -> bool:
        """What the image's HEALTHCHECK says."""
        kind, command = self._health
        assert kind == "CMD-SHELL"
        return run(*_as_root(*self._inside(["sh", "-c", command]))).returncode == 0

    def wait_healthy(self, seconds: float) -> None:
        def healthy():
            assert self.process.poll() is None, self.log.read_text()
            return self.healthy()
        wait_until(healthy, seconds, f"the container is healthy: {self.log.read_text()}")

    def user_ids(self) -> tuple:
        return tuple(self._first_process().uids())

    def stop(self, seconds: float) -> int:
        output_of(*_as_root("kill", f"-{int(signal.SIGTERM)}", self._first_process().pid))
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            run(*_as_root("kill", "-9", self.process.pid))
            self.process.wait()
