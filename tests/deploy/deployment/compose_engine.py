"""Runs a project of docker-compose.yml without an engine: the real programs, one network.

    python compose_engine.py PROJECT.json FOLDER -- COMMAND...

Meant to run in a network and a mount namespace of its own, where the project's ports are free and
/etc/hosts is its alone. Each service gets the command, the environment, the dependencies and the
health check of the file; only where an image would be there is a program of this machine, and
volumes and configs are folders and files under FOLDER, which outlive the run. COMMAND runs when
everything is up; its exit code is this program's.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

START_SECONDS_MAX = 120


class Service:
    """One service of the project."""

    def __init__(self, name: str, project: dict, folder: pathlib.Path):
        self.name = name
        self._model = project["services"][name]
        self._folder = folder / name
        self._folder.mkdir(exist_ok=True)
        self._places = {mount["target"]: self._make_folder(mount["source"])
                        for mount in self._model.get("volumes") or ()}
        for config in self._model.get("configs") or ():
            file = self._folder / config["source"]
            file.write_text(project["configs"][config["source"]]["content"])
            self._places[config["target"]] = file
        self.process = None

    def _make_folder(self, name: str) -> pathlib.Path:
        (self._folder / name).mkdir(exist_ok=True)
        return self._folder / name

    @property
    def needs(self) -> dict:
        return self._model.get("depends_on") or {}

    @property
    def grace_seconds(self) -> float:
        text = self._model.get("stop_grace_period", "10s")
        return float(text.removesuffix("s"))

    def _argument(self, text: str) -> str:
        """An argument with the paths in the container replaced by those on this machine."""
        for target, place in self._places.items():
            if text == target or text.endswith("=" + target):
                return text[:len(text) - len(target)] + str(place)
        return text

    def start(self) -> None:
        program = os.environ[f"PROGRAM_{self.name.upper()}"]
        command = [program, *map(self._argument, self._model["command"] or ["serve"])]
        environment = {key: value for key, value in (self._model.get("environment") or {}).items()
                       if value is not None}
        with open(self._folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder), **environment})

    def healthy(self) -> bool:
        kind, *command = self._model["healthcheck"]["test"]
        assert kind == "CMD"
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def meets(self, condition: str) -> bool:
        """Whether it is as far as `condition` says; fails when it never will be."""
        code = self.process.poll()
        if condition == "service_completed_successfully":
            if code not in (None, 0):
                raise RuntimeError(f"{self.name} ended with {code}: {self.log()}")
            return code == 0
        if code is not None:
            raise RuntimeError(f"{self.name} ended with {code}: {self.log()}")
        return self.healthy()

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            code = self.process.wait(self.grace_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise RuntimeError(f"{self.name} did not stop within its grace period") from None
        if code not in (0, -15):
            raise RuntimeError(f"{self.name} ended with {code} when stopped: {self.log()}")


def wait_for(service: Service, condition: str) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not service.meets(condition):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{service.name} is not {condition}: {service.log()}")
        time.sleep(0.1)


def start_with_needs(name: str, services: dict) -> None:
    service = services[name]
    if service.process is not None:
        return
    for other, how in service.needs.items():
        start_with_needs(other, services)
        wait_for(services[other], how["condition"])
    service.start()


def main() -> int:
    project = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder, command = pathlib.Path(sys.argv[2]).resolve(), sys.argv[4:]
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost " + " ".join(project["services"]) + "\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    services = {name: Service(name, project, folder) for name in project["services"]}
    try:
        for name in services:
            start_with_needs(name, services)
        wait_for(services["satchel"], "service_healthy")
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    finally:
        # What depends on others is stopped before them.
        for service in sorted(services.values(), key=lambda each: -len(each.needs)):
            service.stop()


if __name__ == "__main__":
    sys.exit(main())
