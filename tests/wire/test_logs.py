"""One JSON line for each operation, with nothing in it that should not be there."""

import datetime
import json
import os
import pathlib
import re

import pytest
import requests

from harness.cli import administer
from harness.failures import Failure
from harness.server import run_to_exit
from harness.waiting import wait_until
from harness.wire_format import metadata_frame

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def operation(server, user, kind, code="OK", **fields):
    def matches(line):
        return (line.get("userId") == user and line.get("operationType") == kind
                and line.get("code") == code
                and all(line.get(key) == value for key, value in fields.items()))
    return server.wait_for_log(matches, what=f"{kind} {code} of {user}: {fields}")


def test_every_operation_has_one_line(server, client, user):
    stored = client.store(user, "ü a.txt", b"abc")
    client.download(user, stored.document_id)
    client.list(user)
    client.url(user, stored.document_id)
    client.usage(user)
    client.delete(user, stored.document_id)
    for kind in ("upload", "download", "list", "url", "usage", "delete"):
        line = operation(server, user, kind)
        assert TIMESTAMP.fullmatch(line["timestamp"])
        assert line["level"] == "info" and line["message"] and line["requestId"]
        assert line["durationMs"] >= 0
    for kind in ("upload", "download", "url", "delete"):
        assert operation(server, user, kind)["documentId"] == stored.document_id
    for kind in ("upload", "download"):
        line = operation(server, user, kind)
        assert (line["filename"], line["size"]) == ("ü a.txt", 3)
    lines = [line for line in server.logs() if line.get("userId") == user]
    assert len(lines) == 6
    assert len({line["requestId"] for line in lines}) == 6


def test_refused_operations_are_logged_with_their_code(server, client, user):
    with pytest.raises(Failure):
        client.upload(user, "a.exe", b"abc")
    with pytest.raises(Failure):
        client.download(user, "unknown")
    operation(server, user, "upload", "INVALID_ARGUMENT")
    operation(server, user, "download", "NOT_FOUND")


def test_cancelled_upload_is_logged(server, client, user):
    client.hold_upload(server.store, user).cancel()
    operation(server, user, "upload", "CANCELLED")


def test_control_characters_are_escaped(server, client, user):
    """A refused name is the attacker's text; each record is still one line of JSON."""
    hostile = "\u202eevil\n{\"level\":\"error\"}\r\x1b[2J\x00\x7f\x85.txt"
    stream = client.open_upload(raw=True)
    stream.send(metadata_frame(user.encode(), b"general", hostile.encode(), b"text/plain", 3))
    with pytest.raises(Failure):
        stream.result(seconds=5)
    operation(server, user, "upload", "INVALID_ARGUMENT")
    raw = server.log_text()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", raw)
    assert all(isinstance(line, dict) for line in server.logs())


def test_long_values_are_cut(server, client, user):
    with pytest.raises(Failure):
        client.upload(user, "é" * 100_000 + ".txt", b"abc")
    operation(server, user, "upload", "INVALID_ARGUMENT")
    assert max(map(len, server.log_text().splitlines())) < 8192


def test_no_link_or_signature_in_the_logs(server, client, user):
    stored = client.store(user, "a.txt", b"abc")
    link = client.url(user, stored.document_id).presigned_url
    assert requests.get(link, timeout=10).status_code == 200
    changed = link[:-1] + ("A" if link[-1] != "A" else "B")
    assert requests.get(changed, timeout=10).status_code == 403
    operation(server, user, "url")
    if server.store.links_are_satchels:
        refused = server.wait_for_log(lambda line: line.get("operationType") == "download"
                                      and line.get("code") == "PERMISSION_DENIED")
        assert refused["level"] == "warning" and "documentId" not in refused
    text = server.output()
    assert "?" + link.split("?", 1)[1] not in text
    for part in link.split("?", 1)[1].split("&"):
        value = part.split("=", 1)[1]
        assert len(value) < 16 or value not in text


def test_levels(new_server, connect, user):
    server = new_server(LOG_LEVEL="error").start()
    connect(server).upload(user, "a.txt", b"abc")
    assert server.stop() == 0
    assert not [line for line in server.logs() if line["level"] in ("debug", "info")]


def log_files(folder: pathlib.Path) -> list:
    return sorted(path for path in folder.iterdir() if path.is_file())


def test_files_are_written_and_old_ones_removed(new_server, connect, tmp_path, user):
    folder = tmp_path / "logs"
    server = new_server(LOG_DIR=folder, LOG_RETENTION_DAYS=30).start()
    stored = connect(server).store(user, "a.txt", b"abc")
    assert server.stop() == 0
    (current,) = log_files(folder)
    lines = [json.loads(line) for line in current.read_text().splitlines()]
    assert [line for line in lines if line.get("documentId") == stored.document_id]
    operation(server, user, "upload")
    assert current.stat().st_mode & 0o007 == 0, "names of users are not for everybody"
    day = DATE.search(current.name).group()
    assert day == datetime.datetime.now(datetime.timezone.utc).date().isoformat()

    def aged(days: int) -> pathlib.Path:
        then = datetime.date.fromisoformat(day) - datetime.timedelta(days=days)
        path = folder / current.name.replace(day, then.isoformat())
        path.write_text("{}\n")
        moment = datetime.datetime(then.year, then.month, then.day, 12).timestamp()
        os.utime(path, (moment, moment))
        return path
    old, older, young = aged(32), aged(400), aged(5)
    foreign = folder / "notes-2001-01-01.txt"
    foreign.write_text("not ours")
    os.utime(foreign, (0, 0))
    server.start()
    wait_until(lambda: not old.exists() and not older.exists(), 5, "old files are removed")
    assert young.exists() and foreign.exists() and current.exists()


def test_restart_appends_to_the_days_file(new_server, connect, tmp_path, user):
    server = new_server(LOG_DIR=tmp_path / "logs").start()
    connect(server).upload(user, "a.txt", b"abc")
    assert server.stop() == 0
    before = {path: path.read_bytes() for path in log_files(tmp_path / "logs")}
    server.start()
    assert server.stop() == 0
    for path, content in before.items():
        assert path.read_bytes().startswith(content)


def test_folder_that_cannot_be_made_stops_the_start(new_server, tmp_path):
    (tmp_path / "file").write_text("x")
    exited = run_to_exit(new_server(LOG_DIR=tmp_path / "file" / "logs"))
    assert exited.exit_code == 1
    assert "LOG_DIR" in exited.output


def test_administration_does_not_log_to_standard_output(server, user):
    outcome = administer(server, "quota", "get", user)
    assert outcome.exit_code == 0
    assert "timestamp" not in outcome.text
