"""The backups that docs/operations.md describes, made and restored by its own commands."""

import re
import shutil
import subprocess

from deployment.servers import Folder, Pair
from deployment.tools import REPOSITORY, run
from harness.client import Client
from harness.documents import pdf_of_size
from harness.locations import binary
from harness.server import Server, clean_environment

PAGE = (REPOSITORY / "docs" / "operations.md").read_text()


def documented_commands(heading: str) -> list:
    """The commands of the first console block below a heading, continued lines joined."""
    block = PAGE.split(f"\n### {heading}\n", 1)[1].split("```console\n", 1)[1].split("```", 1)[0]
    commands = re.findall(r"^\$ (.+)$", block.replace("\\\n", " "), re.MULTILINE)
    return [command.split("  #")[0] for command in commands]


def restore_commands() -> list:
    """What the page says below the backup of a MinIO and its database."""
    section = PAGE.split("\nTo restore: stop Satchel", 1)[1].split("```", 2)[1]
    return re.findall(r"^\$ (.+?)(?:  #.*)?$", section, re.MULTILINE)


def shell(command: str, **environment) -> None:
    done = run("bash", "-euo", "pipefail", "-c", command, env=clean_environment() | environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def fsck(store) -> subprocess.CompletedProcess:
    return run(binary(), "fsck", env=clean_environment() | store.environment())


def store_documents(server) -> dict:
    """Some documents, a deleted one among them; returns the bytes by id."""
    with Client(server.address) as client:
        stored = {client.upload("ada", f"{number}.pdf", data).document_id: data
                  for number, data in enumerate(pdf_of_size(1 << bits) for bits in (12, 16, 22))}
        gone = client.upload("bob", "gone.pdf", pdf_of_size(5000))
        client.delete("bob", gone.document_id)
    return stored


def assert_all_there(store, directory, stored: dict) -> None:
    """fsck finds nothing wrong, and every byte comes back."""
    done = fsck(store)
    assert done.returncode == 0, done.stdout + done.stderr
    server = Server(store, directory, {})
    try:
        server.start()
        with Client(server.address) as client:
            for document_id, data in stored.items():
                assert client.download("ada", document_id).data == data
            assert client.used("ada") == (len(stored), sum(map(len, stored.values())))
        assert server.stop() == 0
    finally:
        if server.running():
            server.kill()


def test_embedded_store(tmp_path):
    store = Folder(tmp_path / "storage")
    backup = tmp_path / "backup"
    server = Server(store, tmp_path / "server", {})
    try:
        stored = store_documents(server.start())
        folder, *commands = documented_commands("Embedded store")
        assert folder.startswith("STORAGE_DIR=/")
        assert len(commands) == 3 and all("/backup" in command for command in commands)
        back_up = "\n".join([f"STORAGE_DIR={store.path}", *commands])
        back_up = back_up.replace("/backup", str(backup))
        with Client(server.address) as client:
            late = client.upload("ada", "late.pdf", pdf_of_size(7000))
            shell(back_up)
            client.delete("ada", late.document_id)
        shell(back_up)
    finally:
        server.kill()
    shutil.rmtree(store.path)
    assert_all_there(Folder(backup), tmp_path / "restored", stored)
    largest = max((backup / "objects").rglob("*"), key=lambda path: path.stat().st_size)
    largest.unlink()
    assert fsck(Folder(backup)).returncode == 1, "what is missing is not found"


DATABASE = "satchel_backup"


def account(store) -> str:
    return f"--no-defaults --host=127.0.0.1 --port={store.sql.port} --user=root"


def test_minio_and_mysql(tmp_path):
    backup = tmp_path / "backup"
    backup.mkdir()
    with Pair(tmp_path / "first", DATABASE) as store:
        store.make_database()
        server = Server(store, tmp_path / "server", {})
        try:
            stored = store_documents(server.start())
            dump, copy = documented_commands("MinIO and MySQL")[:2]
            shell(f"cd {backup}; " + dump.replace("mariadb-dump", f"mariadb-dump {account(store)}")
                  .replace("--databases satchel ", f"--databases {DATABASE} "))
            shell(copy.replace("/var/lib/minio/", f"{store.minio.data}/")
                  .replace("/backup/", f"{backup}/"))
        finally:
            server.kill()
    rows, stop, objects, start = restore_commands()[:4]
    assert stop.startswith("systemctl stop") and start.startswith("systemctl start")
    data = tmp_path / "disk"
    shell(objects.replace("/var/lib/minio/", f"{data}/").replace("/backup/", f"{backup}/"))
    with Pair(tmp_path / "second", DATABASE, data=data) as restored:
        shell(f"cd {backup}; " + rows.replace("mariadb", f"mariadb {account(restored)}"))
        assert_all_there(restored, tmp_path / "restored", stored)
        restored.lose_object("documents/ada/")
        assert fsck(restored).returncode == 1, "what is missing is not found"
