"""Objects as files in a folder, the embedded default."""

import datetime
import os
import pathlib
import uuid

from harness.sides import ObjectSide


class LocalObjects(ObjectSide):
    def __init__(self, directory: pathlib.Path):
        self.directory = directory / "storage"
        self.directory.mkdir(parents=True)

    def environment(self) -> dict:
        return {"STORAGE_DIR": str(self.directory)}

    def _files(self) -> list:
        folders = (self.directory / "objects", self.directory / "tmp")
        return [path for folder in folders for path in folder.rglob("*") if path.is_file()]

    def _file_of(self, version: str, stored) -> pathlib.Path:
        (path,) = (path for path in self._files() if path.name == version)
        assert path.read_bytes() == stored.data
        return path

    def replace(self, version, stored, data) -> str:
        """The file stays the same one; only what differs is written."""
        path = self._file_of(version, stored)
        os.chmod(path, 0o600)
        os.truncate(path, len(data))
        with open(path, "r+b") as file:
            for position, (old, new) in enumerate(zip(stored.data, data)):
                if old != new:
                    file.seek(position)
                    file.write(bytes([new]))
        return version

    def remove(self, version, stored) -> None:
        self._file_of(version, stored).unlink()

    def holds(self, data) -> bool:
        return any(self._is(path, data) for path in self._files())

    @staticmethod
    def _is(path: pathlib.Path, data: bytes) -> bool:
        """False also for a file that was removed since it was listed."""
        try:
            return path.read_bytes() == data
        except FileNotFoundError:
            return False

    def count(self) -> int:
        return len(self._files())

    def add_orphan(self, age) -> None:
        sample = next(path for path in self._files() if path.parent.parent.name == "objects")
        name = uuid.uuid4().hex
        if "-" in sample.name:
            name = str(uuid.UUID(name))
        orphan = self.directory / "objects" / name[:2] / name
        orphan.parent.mkdir(exist_ok=True)
        orphan.write_bytes(b"nobody knows these bytes")
        then = datetime.datetime.now().timestamp() - age.total_seconds()
        os.utime(orphan, (then, then))

    # What follows is about the folder itself, so only tests of the embedded default use it.

    def signing_key_path(self) -> pathlib.Path:
        found = [path for path in self.directory.iterdir() if "key" in path.name]
        assert len(found) == 1, f"signing key among {sorted(self.directory.iterdir())}"
        return found[0]

    def admin_socket_path(self) -> pathlib.Path:
        (found,) = [path for path in self.directory.iterdir() if path.is_socket()]
        return found
