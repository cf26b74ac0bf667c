"""Every client command, as a person or a script uses it."""

import contextlib
import json
import os
import pathlib
import pty
import re
import subprocess
import threading
from concurrent import futures

import grpc
import pytest
import requests

from harness.cli import as_user, satchel
from harness.documents import DOCX, MEBIBYTE, PDF, TXT, pdf_of_size, real_document, text_of_size
from harness.gate import Gate
from harness.locations import binary
from harness.mounts import mounted
from harness.ports import free_port
from harness.server import clean_environment

OK, FAILED, USAGE, UNREACHABLE, RETRY = 0, 1, 2, 69, 75


@pytest.fixture
def run(server, user):
    return as_user(server, user)


def put(run, path, *arguments) -> dict:
    outcome = run("put", path, "--json", *arguments)
    assert outcome.exit_code == OK, outcome.error
    return outcome.json()


@pytest.mark.parametrize("arguments, told", [
    (["nosuch"], "unknown command nosuch"), (["lst"], "did you mean ls?"),
    (["quota", "gte"], "did you mean get?"), (["quota", "get", "x", "--jsn"], "--json?"),
    (["fsck", "--port", "a", "--http-port", "b"], "\n  HTTP_PORT (flag)"), ([], "Usage: satchel")])
def test_wrong_command_lines(arguments, told):
    outcome = satchel(*arguments)
    assert outcome.exit_code in (1, 2) and outcome.out == b""
    assert told in outcome.error and "\\n" not in outcome.error


def test_help_and_version():
    for arguments in (["--help"], ["-h"], ["help"], ["put", "-h"], ["help", "quota", "set"]):
        outcome = satchel(*arguments)
        assert outcome.exit_code == 0 and outcome.error == ""
        assert "Usage: satchel" in outcome.text
    assert satchel("--version").out == satchel("version").out


def closed(streams: str, command, **keywords):
    """`command` of a shell that has closed some of its standard streams."""
    return subprocess.run(["sh", "-c", f'exec "$0" "$@" {streams}', str(binary()), *command],
                          check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
                          **keywords)


@pytest.mark.parametrize("streams", [">&-", "<&- >&-"])
def test_closed_output_never_ends_up_in_a_file(server, client, user, tmp_path, streams):
    """Whatever is opened next must not get the number of a standard stream."""
    stored = client.store(user, "a.txt", b"abc")
    environment = {**clean_environment(), "SATCHEL_SERVER": server.address, "SATCHEL_USER": user}
    for command in (["get", stored.document_id, "-o", "here.txt"], ["usage"],
                    ["get", stored.document_id, "-o", "-"]):
        done = closed(streams, command, cwd=tmp_path, env=environment)
        assert done.returncode == FAILED
        assert b"cannot write standard output" in done.stderr
        assert b"Invalid argument" not in done.stderr
    assert (tmp_path / "here.txt").read_bytes() == b"abc"


def test_closed_input_is_told(server, user, tmp_path):
    environment = {**clean_environment(), "SATCHEL_SERVER": server.address, "SATCHEL_USER": user}
    done = closed("<&-", ["put", "-", "--name", "a.txt"], cwd=tmp_path, env=environment)
    assert done.returncode == FAILED
    assert b"cannot read standard input: Bad file descriptor" in done.stderr


def test_no_file_is_named(run):
    outcome = run("put", "")
    assert outcome.exit_code == USAGE and "FILE is empty" in outcome.error


class SlowServer(grpc.GenericRpcHandler):
    """Takes the first message of an upload, and the others when told to."""

    def __init__(self):
        self.begun, self.go_on, self.ended = (threading.Event() for _ in range(3))

    def service(self, handler_call_details):
        return grpc.stream_unary_rpc_method_handler(self._upload)

    def _upload(self, requests_in, context):
        context.add_callback(self.ended.set)
        next(requests_in)
        self.begun.set()
        self.go_on.wait(20)
        for _ in requests_in:
            pass
        return b""


@pytest.mark.parametrize("change", [-MEBIBYTE, MEBIBYTE], ids=["shrinks", "grows"])
def test_put_of_a_file_that_changes(user, tmp_path, change):
    """Told, and the upload is cancelled: half a document is none."""
    path = tmp_path / "a.txt"
    path.write_bytes(text_of_size(20 * MEBIBYTE))
    handler = SlowServer()
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[handler])
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    process = subprocess.Popen([binary(), "put", path, "--user", user, "--server", address],
                               env=clean_environment(), stderr=subprocess.PIPE, text=True)
    assert handler.begun.wait(20)
    os.truncate(path, 20 * MEBIBYTE + change)
    handler.go_on.set()
    _, error = process.communicate(timeout=20)
    assert process.returncode == FAILED
    assert f"{path} changed its size while it was read; it was {20 * MEBIBYTE} bytes" in error
    assert handler.ended.wait(5)
    server.stop(0)


def test_minutes_are_a_number(run):
    outcome = run("url", "some-id", "--minutes", "soon")
    assert outcome.exit_code == USAGE
    assert '--minutes: got "soon", takes a whole number' in outcome.error


@pytest.mark.parametrize("folder", ["unwritable", "missing", "full"])
def test_get_where_nothing_can_be_written(run, client, user, tmp_path, folder):
    """Told with the reason, and nothing is left behind."""
    stored = client.store(user, "a.pdf", pdf_of_size(2 * MEBIBYTE))
    path = {"unwritable": pathlib.Path("/proc"), "missing": tmp_path / "no"}.get(folder, tmp_path)
    with contextlib.ExitStack() as stack:
        if folder == "full":
            path = stack.enter_context(mounted(tmp_path / "small", "size=1m"))
        outcome = run("get", stored.document_id, "-o", path / "a.pdf")
        assert outcome.exit_code == FAILED and str(path) in outcome.error
        assert folder != "full" or "No space left on device" in outcome.error
        assert not path.exists() or not list(path.glob("*.p*"))


def test_put_and_get(run, client, user, tmp_path):
    source = tmp_path / "Übung 1.pdf"
    source.write_bytes(real_document("pdf"))
    answer = put(run, source)
    assert answer["path"].endswith("/general/" + answer["path"].split("/")[3] + "/Übung 1.pdf")
    (document,) = client.list(user).documents
    assert (document.filename, document.mime_type) == ("Übung 1.pdf", PDF)
    folder = tmp_path / "here"
    folder.mkdir()
    assert run("get", answer["document_id"], cwd=folder).exit_code == OK
    assert (folder / "Übung 1.pdf").read_bytes() == source.read_bytes()
    assert list(folder.iterdir()) == [folder / "Übung 1.pdf"]


def test_put_with_everything_named(run, client, user, tmp_path):
    source = tmp_path / "x.bin"
    source.write_bytes(real_document("docx"))
    put(run, source, "--name", "a.docx", "--category", "home work", "--mime", DOCX)
    (document,) = client.list(user).documents
    assert (document.filename, document.category) == ("a.docx", "home work")
    assert document.mime_type == DOCX


@pytest.mark.parametrize("extension", ["pdf", "docx", "xlsx", "doc", "txt"])
def test_type_comes_from_the_extension(run, client, user, tmp_path, extension):
    source = tmp_path / f"A.{extension.upper()}"
    source.write_bytes(real_document(extension))
    put(run, source)
    assert client.list(user).total_count == 1


def test_standard_input_and_output(run, user, client):
    data = text_of_size(300_000)
    outcome = run("put", "-", "--name", "in.txt", "--json", stdin=data)
    assert outcome.exit_code == OK, outcome.error
    document_id = outcome.json()["document_id"]
    got = run("get", document_id, "-o", "-")
    assert (got.exit_code, got.out) == (OK, data)
    assert client.used(user) == (1, len(data))


def test_standard_input_needs_a_name(run):
    assert run("put", "-", stdin=b"abc").exit_code == USAGE


def test_ls(run, client, user):
    for number, category in enumerate(("one", "one", "two")):
        client.upload(user, f"{number}.txt", b"abc", category=category)
    outcome = run("ls")
    assert outcome.exit_code == OK
    for number in range(3):
        assert f"{number}.txt" in outcome.text
    lines = run("ls", "--json").json_lines()
    assert len(lines) == 3
    assert {"document_id", "filename", "category", "size", "mime_type", "created_at",
            "updated_at", "status"} <= set(lines[0])
    assert len(run("ls", "--category", "one", "--json").json_lines()) == 2
    day = lines[0]["created_at"][:10]
    assert len(run("ls", "--date", day, "--json").json_lines()) == 3
    assert run("ls", "--date", "2001-01-01", "--json").json_lines() == []
    assert run("ls", "--date", "yesterday").exit_code == FAILED


def test_ls_goes_through_all_pages(run, client, user):
    for number in range(203):
        client.upload(user, f"{number}.txt", b"x")
    lines = run("ls", "--json").json_lines()
    assert len({line["document_id"] for line in lines}) == 203


def test_ls_shows_odd_names_without_harm(run, client, user):
    name = "a\u2028\u200f b.txt"
    client.upload(user, name, b"x")
    assert [line["filename"] for line in run("ls", "--json").json_lines()] == [name]
    assert len(run("ls").text.splitlines()) <= 2


def test_rm(run, client, user):
    ids = [client.upload(user, f"{number}.txt", b"x").document_id for number in range(3)]
    assert run("rm", ids[0], ids[1]).exit_code == OK
    assert client.used(user) == (1, 1)
    outcome = run("rm", ids[0], ids[2])
    assert outcome.exit_code == FAILED
    assert "DOCUMENT_NOT_FOUND" in outcome.error
    assert client.used(user) == (0, 0), "the other one is deleted all the same"


def test_url(run, client, user):
    document_id = client.upload(user, "a.txt", b"abc").document_id
    outcome = run("url", document_id)
    assert outcome.exit_code == OK
    assert requests.get(outcome.text.strip(), timeout=10).content == b"abc"
    answer = run("url", document_id, "--minutes", "5", "--json").json()
    assert {"presigned_url", "expires_at", "document_info"} <= set(answer)
    assert run("url", document_id, "--minutes", "0").exit_code in (FAILED, USAGE)
    assert run("url", document_id, "--minutes", "x").exit_code == USAGE


def test_usage(run, client, user):
    client.upload(user, "a.txt", text_of_size(100))
    outcome = run("usage")
    assert outcome.exit_code == OK and "100" in outcome.text
    answer = run("usage", "--json").json()
    assert int(answer["usage"]["file_count"]) == 1
    assert int(answer["usage"]["total_bytes"]) == int(answer["quota"]["quota_used"]) == 100
    assert int(answer["quota"]["quota_limit"]) == 1 << 30


def test_user_and_server_as_flags(server, client, user):
    client.upload(user, "a.txt", b"x")
    outcome = satchel("ls", "--json", "--server", server.address, "--user", user)
    assert outcome.exit_code == OK and len(outcome.json_lines()) == 1
    assert satchel("ls", "--server", server.address).exit_code == USAGE


def test_health(server):
    assert satchel("health", "--server", server.address).exit_code == OK
    assert satchel("health", "--server", f"127.0.0.1:{free_port()}").exit_code == UNREACHABLE


def test_database_that_is_not_reached_is_named_with_its_port():
    port = free_port()
    outcome = satchel("migrate", "status", environment={
        "MICROSERVICE_DATABASE": f"mysql://ada:secret@127.0.0.1:{port}/satchel"})
    assert outcome.exit_code == UNREACHABLE
    assert "127.0.0.1" in outcome.error and f"port {port}" in outcome.error
    assert "secret" not in outcome.error


def test_grpc_is_part_of_the_program_and_comes_with_no_other_library():
    """Two of it in one process would have two states."""
    loaded = subprocess.run(["ldd", binary()], capture_output=True, text=True, check=True).stdout
    assert "libc.so" in loaded
    parts = r"lib(?:grpc|gpr|protobuf|absl_|re2|cares|upb|address_sorting)\S*"
    assert re.findall(parts, loaded) == []


def test_version_and_help():
    version = satchel("version")
    assert version.exit_code == OK and version.text.strip()
    assert satchel("version", "--json").json().keys() == {"version", "grpc", "protobuf"}
    outcome = satchel("--help")
    assert outcome.exit_code == OK
    for word in ("serve", "put", "get", "ls", "rm", "url", "usage", "quota", "fsck", "health",
                 "completion", "69", "75"):
        assert word in outcome.text
    assert satchel().exit_code == USAGE
    assert satchel("no-such-command").exit_code == USAGE


@pytest.mark.parametrize("command", ["serve", "put", "get", "ls", "rm", "url", "usage", "quota",
                                     "fsck", "health", "version", "completion", "migrate"])
def test_help_of_every_command(command):
    outcome = satchel(command, "--help")
    assert outcome.exit_code == OK and len(outcome.text) > 50


def test_completion():
    script = satchel("completion", "bash")
    assert script.exit_code == OK
    completed = subprocess.run(
        ["bash", "--norc", "-c", script.text + "\ncomplete -p satchel"], capture_output=True,
        timeout=20, check=False)
    assert completed.returncode == 0 and b"satchel" in completed.stdout, completed.stderr


def test_get_never_overwrites(run, client, user, tmp_path):
    document_id = client.upload(user, "a.txt", b"from the server").document_id
    target = tmp_path / "a.txt"
    target.write_bytes(b"precious")
    outcome = run("get", document_id, cwd=tmp_path)
    assert outcome.exit_code == FAILED and "a.txt" in outcome.error
    assert run("get", document_id, "-o", target).exit_code == FAILED
    assert target.read_bytes() == b"precious"
    assert run("get", document_id, "--force", cwd=tmp_path).exit_code == OK
    assert target.read_bytes() == b"from the server"
    assert list(tmp_path.iterdir()) == [target]


def test_get_leaves_nothing_on_failure(new_server, connect, user, tmp_path):
    server = new_server().start()
    stored = connect(server).store(user, "a.txt", text_of_size(5000, user))
    server.store.corrupt_object(stored)
    outcome = as_user(server, user)("get", stored.document_id, cwd=tmp_path)
    assert outcome.exit_code == FAILED and "CHECKSUM_MISMATCH" in outcome.error
    assert list(tmp_path.iterdir()) == []
    outcome = as_user(server, user)("get", "unknown", cwd=tmp_path)
    assert outcome.exit_code == FAILED and "DOCUMENT_NOT_FOUND" in outcome.error
    assert list(tmp_path.iterdir()) == []


def test_get_resumes_a_broken_transfer(server, client, user, tmp_path):
    data = pdf_of_size(20 * MEBIBYTE, user)
    stored = client.store(user, "a.pdf", data)
    with Gate(server.address, cuts=[5 * MEBIBYTE, 6 * MEBIBYTE]) as gate:
        outcome = satchel("get", stored.document_id, "--user", user, "--server", gate.address,
                          cwd=tmp_path)
        assert outcome.exit_code == OK, outcome.error
        assert gate.connections >= 3
        # Of each cut at most the chunk under way is sent twice.
        assert gate.bytes_from_server < 24 * MEBIBYTE, "it went on where it was cut"
    assert (tmp_path / "a.pdf").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["a.pdf"]


def test_get_gives_up_in_the_end(server, client, user, tmp_path):
    stored = client.store(user, "a.pdf", pdf_of_size(2 * MEBIBYTE, user))
    with Gate(server.address, cuts=[40_000] * 1000) as gate:
        outcome = satchel("get", stored.document_id, "--user", user, "--server", gate.address,
                          cwd=tmp_path, seconds=120)
    assert outcome.exit_code in (OK, UNREACHABLE, RETRY)
    expected = ["a.pdf"] if outcome.exit_code == OK else []
    assert [path.name for path in tmp_path.iterdir()] == expected


def test_get_does_not_leave_the_folder(client, user, run, tmp_path):
    """A name is only a name, also where it looks like an option or a home folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    for name in ("-rf.txt", "~root.txt", "$HOME.txt", "%2e%2e%2fa.txt"):
        document_id = client.upload(user, name, b"abc").document_id
        assert run("get", document_id, cwd=folder).exit_code == OK
        assert (folder / name).read_bytes() == b"abc"
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("arguments", [
    ["put"], ["put", "/no/such/file.txt"], ["get"], ["rm"], ["url"], ["ls", "--no-such"],
    ["put", "a.txt", "b.txt"]], ids=" ".join)
def test_misuse(run, arguments):
    assert run(*arguments).exit_code in (FAILED, USAGE)


def test_exit_codes(server, client, user, run, tmp_path):
    source = tmp_path / "a.txt"
    source.write_bytes(b"abc")
    assert run("ls", "--no-such-flag").exit_code == USAGE
    assert run("get", "unknown").exit_code == FAILED
    nobody = {"SATCHEL_SERVER": f"127.0.0.1:{free_port()}", "SATCHEL_USER": user}
    for command in (["ls"], ["put", source], ["usage"], ["get", "x"], ["rm", "x"]):
        outcome = satchel(*command, environment=nobody)
        assert outcome.exit_code == UNREACHABLE and outcome.error
    holder = client.hold_upload(server.store, user, "a.txt")
    outcome = run("put", source)
    assert outcome.exit_code == RETRY
    assert "DOCUMENT_ALREADY_EXISTS" in outcome.error
    holder.cancel()


def test_errors_go_to_standard_error(run, tmp_path):
    source = tmp_path / "a.exe"
    source.write_bytes(b"MZ")
    for arguments in (["put", source, "--mime", "application/x-msdownload"], ["get", "unknown"]):
        outcome = run(*arguments)
        assert outcome.exit_code == FAILED
        assert outcome.out == b"" and outcome.error.strip()


def test_name_taken(run, tmp_path, client, user):
    source = tmp_path / "a.txt"
    source.write_bytes(b"abc")
    put(run, source)
    outcome = run("put", source)
    assert outcome.exit_code == FAILED and "DOCUMENT_ALREADY_EXISTS" in outcome.error
    assert client.list(user).documents[0].mime_type == TXT


def test_progress_bar_only_on_a_terminal(server, user, tmp_path):
    source = tmp_path / "a.pdf"
    source.write_bytes(pdf_of_size(8 * MEBIBYTE, user))
    quiet = as_user(server, user)("put", source)
    assert quiet.exit_code == OK and "%" not in quiet.error and "\r" not in quiet.error
    parent, child = pty.openpty()
    environment = {**clean_environment(), "SATCHEL_SERVER": server.address,
                   "SATCHEL_USER": user + "-tty", "TERM": "xterm"}
    with subprocess.Popen([str(binary()), "put", str(source)], env=environment, stdin=child,
                          stdout=subprocess.DEVNULL, stderr=child) as process:
        os.close(child)
        shown = b""
        while True:
            try:
                data = os.read(parent, 4096)
            except OSError:  # the terminal is gone with its last process
                break
            if not data:
                break
            shown += data
        assert process.wait(30) == OK
    os.close(parent)
    assert b"%" in shown and b"\r" in shown
