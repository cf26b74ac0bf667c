"""A server whose object store and database do not answer: it starts, waits, and says so."""

import concurrent.futures
import time

import pytest
import requests

from harness.cli import administer, satchel
from harness.documents import pdf
from harness.failures import refused
from harness.ports import free_port
from harness.server import run_to_exit
from harness.waiting import wait_until

CALLERS = 200
ANSWER_SECONDS = 2
LATE_ANSWER_SECONDS = 10
PASSWORD = "p@ss%word"


class Nowhere:
    """A store and a database on ports where nobody listens."""

    def environment(self) -> dict:
        return {
            "MINIO_ENDPOINT": f"127.0.0.1:{free_port()}",
            "MINIO_ACCESS_KEY": "nobody-key",
            "MINIO_SECRET_KEY": "s3cr3t-key",
            "MICROSERVICE_DATABASE":
                f"mysql://root:p%40ss%25word@127.0.0.1:{free_port()}/documents",
            "STORAGE_DIR": "no-such-folder",
        }


@pytest.fixture
def lonely(new_server):
    server = new_server(Nowhere()).spawn()
    wait_until(lambda: server.probe("/livez") == 200, 15, f"/livez\n{server.output()}")
    server.wait_for_log(lambda line: line["message"] == "serving", 15, "the calls' port is open")
    return server


def test_it_starts_and_is_not_ready(lonely):
    answer = requests.get(lonely.metrics_url + "/readyz", timeout=10)
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "starting", "store": "unavailable", "database": "unavailable",
        "storeBreaker": "closed", "databaseBreaker": "closed"}
    assert satchel("health", environment={"SATCHEL_SERVER": lonely.address}).exit_code == 0
    assert lonely.stop() == 0
    assert not (lonely.directory / "no-such-folder").exists()
    for secret in (PASSWORD, "p%40ss%25word", "s3cr3t-key"):
        assert secret not in lonely.output()


def test_every_call_is_refused_with_a_reason_and_a_time(lonely, connect, user):
    client = connect(lonely)
    unknown = "00000000-0000-4000-8000-000000000000"
    calls = (
        lambda: client.list(user), lambda: client.usage(user), lambda: client.url(user, unknown),
        lambda: client.delete(user, unknown), lambda: client.download(user, unknown),
        lambda: client.upload(user, "a.pdf", pdf()))
    for call in calls:
        with refused("UNAVAILABLE", "DATABASE_UNAVAILABLE") as refusal:
            call()
        assert refusal.failure.retry_info.retry_delay.ToMilliseconds() > 0
    assert lonely.metrics()["database_unavailable_total"] == len(calls)


def test_many_callers_are_all_answered_soon(lonely, connect, user):
    client = connect(lonely)

    def ask(_):
        begun = time.monotonic()
        with refused("UNAVAILABLE", "DATABASE_UNAVAILABLE"):
            client.usage(user)
        return time.monotonic() - begun
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        seconds = sorted(pool.map(ask, range(CALLERS)))
    # The test's own threads share the machine with the server: not each is on time.
    assert seconds[CALLERS * 9 // 10] < ANSWER_SECONDS
    assert seconds[-1] < LATE_ANSWER_SECONDS


def test_administration_says_that_the_database_was_not_reached(new_server):
    server = new_server(Nowhere())
    for arguments in (("quota", "get", "ada"), ("fsck",)):
        outcome = administer(server, *arguments)
        assert outcome.exit_code == 69, outcome.error
        assert "database" in outcome.error
        assert "connect to server" in outcome.error, "and why"
        assert PASSWORD not in outcome.error


@pytest.mark.parametrize("setting, value, named", [
    ("MINIO_ENDPOINT", "http://127.0.0.1:9000/path", "MINIO_ENDPOINT"),
    ("MICROSERVICE_DATABASE", "mysql://root:s3cr3t@127.0.0.1/x?ssl=1", "MICROSERVICE_DATABASE"),
    ("MICROSERVICE_DATABASE_CA", "/no/such/ca.pem", "MICROSERVICE_DATABASE_CA"),
    ("MINIO_CA", "/no/such/ca.pem", "MINIO_CA"),
    ("MINIO_PUBLIC_ENDPOINT", "ftp://x", "MINIO_PUBLIC_ENDPOINT"),
    ("MINIO_BUCKET", "Not_A_Bucket", "MINIO_BUCKET"),
    ("MINIO_SECRET_KEY", "UNSET", "MINIO_SECRET_KEY"),
])
def test_a_setting_that_can_never_work_stops_the_start(new_server, setting, value, named):
    exited = run_to_exit(new_server(Nowhere(), **{setting: value}))
    assert exited.exit_code == 1
    assert named in exited.output
    assert "s3cr3t" not in exited.output
