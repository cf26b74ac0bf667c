"""examples/embedded-cpp: installed, found by find_package(satchel), built, and used as a server."""

import os
import shutil
import signal
import subprocess

import pytest

from harness.client import Client, chunk_request
from harness.documents import MEBIBYTE, pdf_of_size
from harness.failures import Failure, refused
from harness.locations import REPOSITORY, binary
from harness.ports import free_port
from harness.server import clean_environment
from harness.sqlite_rows import SqliteRows
from harness.waiting import wait_until

# The example serves from a folder, whatever the suite runs on.
pytestmark = [pytest.mark.sqlite, pytest.mark.local_objects, pytest.mark.timeout(900)]

BUILD_SECONDS = 600
START_SECONDS = 60


def run(*command) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=BUILD_SECONDS, env=os.environ, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The example, built against an installed Satchel and nothing of this checkout."""
    work = tmp_path_factory.mktemp("embedded")
    satchel_build = binary().parent
    run("cmake", "--build", satchel_build, "--target", "satchel_document_server")
    run("cmake", "--install", satchel_build, "--component", "library", "--prefix", work / "prefix")
    shutil.copytree(REPOSITORY / "examples" / "embedded-cpp", work / "source")
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run("cmake", "-S", work / "source", "-B", work / "build", "-G", "Ninja",
        f"-DCMAKE_PREFIX_PATH={work / 'prefix'}", *launcher)
    run("cmake", "--build", work / "build")
    return work / "build" / "embedded"


@pytest.fixture
def embedded(program, tmp_path):
    """Starts the example; returns its process and address."""
    processes = []

    def start():
        port = free_port()
        processes.append(subprocess.Popen(
            [program, tmp_path / "data", str(port)], env=clean_environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True))
        return processes[-1], f"127.0.0.1:{port}"
    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def greet(client, name: bytes) -> bytes:
    message = client.channel.unary_unary("/greeter.Greeter/Greet")(
        b"\x0a" + bytes([len(name)]) + name, timeout=START_SECONDS, wait_for_ready=True)
    return message[2:]


def test_documents_beside_a_service_of_ones_own(embedded, tmp_path):
    process, address = embedded()
    with Client(address) as client:
        assert greet(client, b"Ada") == b"Hello, Ada"
        stored = client.store("ada", "a.pdf", pdf_of_size(3 * MEBIBYTE, 1))
        assert client.download("ada", stored.document_id).data == stored.data
        assert client.used("ada") == (1, 3 * MEBIBYTE)
        with refused("NOT_FOUND", "DOCUMENT_NOT_FOUND"):
            client.delete("ada", "7d1c8a52-5f0e-4c41-9d6b-1f6a2f1f8a55")
        upload = client.hold_upload(SqliteRows(tmp_path / "data"), "ada", "b.txt")
        process.send_signal(signal.SIGTERM)

        def draining() -> bool:
            try:
                client.usage("ada")
                return False
            except Failure as failure:
                assert failure.reason == "SHUTTING_DOWN", failure
                return True
        wait_until(draining, 10, "new calls are refused")
        assert upload.send(chunk_request(b"defghij")).close().result().status == "COMPLETED"
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    checked = subprocess.run([binary(), "fsck", "--storage-dir", tmp_path / "data"],
                             env=clean_environment(), capture_output=True, text=True, timeout=60,
                             check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    again, address = embedded()
    with Client(address) as client:
        assert greet(client, b"Ada") == b"Hello, Ada"
        assert client.used("ada") == (2, 3 * MEBIBYTE + 10)
    again.send_signal(signal.SIGTERM)
    again.communicate(timeout=20)
    assert again.returncode == 0


def test_bad_settings_are_named(embedded, tmp_path):
    (tmp_path / "data").write_text("in the way")
    process, _ = embedded()
    _, errors = process.communicate(timeout=START_SECONDS)
    assert process.returncode == 1
    assert "STORAGE_DIR" in errors
