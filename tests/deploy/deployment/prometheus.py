"""A real Prometheus that scrapes one server and evaluates the alert rules."""

import contextlib
import pathlib
import subprocess

import requests
import yaml

from deployment.tools import REPOSITORY, tool
from harness.ports import free_port
from harness.waiting import wait_until

RULES = REPOSITORY / "deploy" / "monitoring" / "alerts.yaml"


class Prometheus:
    """Queries of a running Prometheus."""

    def __init__(self, url: str):
        self._url = url

    def _get(self, path: str, **parameters) -> dict:
        answer = requests.get(f"{self._url}/api/v1/{path}", params=parameters, timeout=10).json()
        assert answer["status"] == "success", f"{parameters}: {answer.get('error')}"
        return answer["data"]

    def samples(self, query: str) -> list:
        """The values of an instant query, one for each series."""
        return [float(series["value"][1]) for series in self._get("query", query=query)["result"]]

    def rules(self) -> list:
        (group,) = self._get("rules")["groups"]
        return group["rules"]

    def wait_for(self, query: str, matches, seconds: float = 20) -> None:
        wait_until(lambda: any(map(matches, self.samples(query))), seconds, query)

    def ready(self) -> bool:
        try:
            return requests.get(f"{self._url}/-/ready", timeout=10).status_code == 200
        except requests.ConnectionError:
            return False


@contextlib.contextmanager
def scraping(target: str, directory: pathlib.Path):
    """A Prometheus that has scraped `target` at least once."""
    config = directory / "prometheus.yml"
    config.write_text(yaml.safe_dump({
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms",
                   "evaluation_interval": "500ms"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "satchel", "static_configs": [{"targets": [target]}]}]}))
    address = f"127.0.0.1:{free_port()}"
    log = directory / "prometheus.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={config}", f"--web.listen-address={address}",
             f"--storage.tsdb.path={directory / 'data'}", "--log.level=warn"],
            stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        server = Prometheus(f"http://{address}")

        def ready():
            assert process.poll() is None, log.read_text()
            return server.ready()
        wait_until(ready, 30, f"Prometheus is ready: {log.read_text()}")
        server.wait_for('up{job="satchel"}', lambda value: value == 1)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)
