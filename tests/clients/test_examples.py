"""Each example client does what it promises, against a live server."""

import hashlib
import pathlib
import re
import subprocess

import pytest

from examples.build import BUILDERS
from harness.client import Client, metadata_request
from harness.documents import pdf_of_size
from harness.failures import Failure
from harness.gate import Gate
from harness.ports import free_port
from harness.server import Server
from harness.waiting import wait_until

MIB = 1 << 20
QUOTA_BYTES = 20 * MIB
DOCUMENT_BYTES = 6 * MIB
RUN_SECONDS_MAX = 60


class Folder:
    """An empty STORAGE_DIR."""

    def __init__(self, path: pathlib.Path):
        self._path = path

    def environment(self) -> dict:
        return {"STORAGE_DIR": str(self._path)}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("server")
    running = Server(Folder(directory / "storage"), directory,
                     {"DEFAULT_USER_QUOTA": QUOTA_BYTES, "MAX_CONCURRENT_UPLOADS": 1})
    try:
        yield running.start()
        assert running.stop() == 0, running.output()
    finally:
        if running.running():
            running.kill()


@pytest.fixture(scope="module")
def own(server):
    """The tests' own client."""
    with Client(server.address) as client:
        yield client


@pytest.fixture(scope="module", params=sorted(BUILDERS))
def program(request) -> list:
    return BUILDERS[request.param]()


@pytest.fixture
def user(request) -> str:
    return re.sub(r"\W+", "-", request.node.name)


@pytest.fixture
def start(program, server, user):
    """Starts the example; what it was left running is killed at the end."""
    started = []

    def run(*arguments, address=None, user=user) -> subprocess.Popen:
        command = [*program, "--server", address or server.address, "--user", user, *arguments]
        started.append(subprocess.Popen([str(part) for part in command], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE))
        return started[-1]
    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    """Runs the example to its end; returns exit code, standard output and standard error."""
    def to_the_end(*arguments, **keywords):
        process = start(*arguments, **keywords)
        output, errors = process.communicate(timeout=RUN_SECONDS_MAX)
        return process.returncode, output, errors
    return to_the_end


@pytest.fixture
def document(tmp_path) -> pathlib.Path:
    path = tmp_path / "My thesis, 2nd draft.pdf"
    path.write_bytes(pdf_of_size(DOCUMENT_BYTES, seed=7))
    return path


def test_upload_shows_progress_and_download_writes_the_same_bytes(run, own, user, document,
                                                                  tmp_path):
    code, output, errors = run("upload", document)
    assert code == 0, errors
    percents = [int(text) for text in re.findall(r"(\d+) %", errors)]
    assert len(percents) > 10 and percents == sorted(percents) and percents[-1] == 100
    assert own.download(user, output.strip()).data == document.read_bytes()
    copy = tmp_path / "copy.pdf"
    code, digest, errors = run("download", output.strip(), copy)
    assert code == 0, errors
    assert copy.read_bytes() == document.read_bytes()
    assert digest.strip() == hashlib.sha256(document.read_bytes()).hexdigest()
    assert not list(tmp_path.glob("*.partial"))


def test_list_goes_through_all_pages(run, own, user):
    names = [f"page {number}.txt" for number in range(205)]
    for name in names:
        own.upload(user, name, b"text")
    code, output, errors = run("list")
    assert code == 0, errors
    rows = [line.split("\t") for line in output.splitlines()]
    assert [row[2] for row in rows] == names[::-1]
    assert {row[1] for row in rows} == {"4"}


def test_over_quota_is_told_and_not_repeated(run, own, user, document):
    own.upload(user, "first.pdf", pdf_of_size(QUOTA_BYTES - 1000))
    code, output, errors = run("upload", document)
    assert (code, output) == (3, "")
    assert (f"over quota: {QUOTA_BYTES - 1000} of {QUOTA_BYTES} bytes are used,"
            f" {DOCUMENT_BYTES} more were asked for") in errors
    assert "again in" not in errors


def test_a_busy_server_is_tried_again_when_it_says(start, own, server, user, document):
    held = own.open_upload().send(metadata_request("holder", f"{user}.txt", 10))
    wait_until(lambda: server.prometheus().count("satchel_uploads_in_progress 1"), 10,
               "the only place for an upload is taken")
    process = start("upload", document)
    errors = ""
    while "SERVER_BUSY" not in errors:
        line = process.stderr.readline()
        assert line, f"it ended without waiting\n{errors}"
        errors += line
    assert "again in" in errors
    held.cancel()
    output, rest = process.communicate(timeout=RUN_SECONDS_MAX)
    assert process.returncode == 0, errors + rest
    assert own.download(user, output.strip()).data == document.read_bytes()


def test_a_broken_download_goes_on_where_it_broke(run, own, server, user, tmp_path):
    data = pdf_of_size(16 * MIB, seed=8)
    stored = own.upload(user, "a.pdf", data)
    copy = tmp_path / "copy.pdf"
    partial = tmp_path / "copy.pdf.partial"

    def taken(passed: int) -> None:
        """What a client has received and not yet looked at would be lost with the connection."""
        begun = taken.begun
        # All but the chunk that is cut, which may be as large as 1 MiB.
        wait_until(lambda: partial.stat().st_size > begun + passed - 2 * MIB, 30,
                   "it is in the file")
        taken.begun = partial.stat().st_size
    taken.begun = 0
    with Gate(server.address, cuts=[8 * MIB, 4 * MIB], before_cut=taken) as gate:
        code, digest, errors = run("download", stored.document_id, copy, address=gate.address)
        assert code == 0, errors
        assert gate.connections == 3
    assert copy.read_bytes() == data
    assert digest.strip() == hashlib.sha256(data).hexdigest()
    wait_until(lambda: gate.bytes_from_server > 16 * MIB, 10, "the gate has counted")
    # 28 MiB would be three beginnings; what was on its way at a cut is sent again.
    assert gate.bytes_from_server < 20 * MIB


def test_a_lost_answer_is_no_failure(run, own, server, user, document):
    """The connection breaks between the last byte of the upload and the answer to it."""
    with Gate(server.address, cuts=[60]) as gate:
        code, output, errors = run("upload", document, address=gate.address)
    assert code == 0, errors
    assert [found.document_id for found in own.list(user).documents] == [output.strip()]


def test_another_error_is_told_by_its_reason(run, user, tmp_path):
    missing = "00000000-0000-4000-8000-000000000000"
    code, output, errors = run("download", missing, tmp_path / "copy.pdf")
    assert (code, output) == (1, "")
    assert errors.startswith("DOCUMENT_NOT_FOUND: ")
    assert not list(tmp_path.iterdir()), "a failed download leaves nothing"


def test_a_file_that_is_not_there_is_told(run, own, user, tmp_path):
    code, output, errors = run("upload", tmp_path / "nothing.txt")
    assert (code, output) == (1, ""), errors
    assert "nothing.txt" in errors and len(errors.splitlines()) == 1, errors
    assert not own.list(user).documents


def test_a_server_that_is_not_there_is_told(run, tmp_path):
    code, output, errors = run("list", address=f"127.0.0.1:{free_port()}")
    assert (code, output) == (1, "")
    assert "again in" in errors
