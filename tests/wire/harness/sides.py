"""The two halves of a store, as a test may read and change them behind the server's back."""

import abc
import datetime


class ObjectSide(abc.ABC):
    """Where the bytes are."""

    @abc.abstractmethod
    def environment(self) -> dict:
        """The settings that make a server use it."""

    @abc.abstractmethod
    def replace(self, version: str, stored, data: bytes) -> str:
        """Puts `data` in the place of the document's bytes; returns the version it now has."""

    @abc.abstractmethod
    def remove(self, version: str, stored) -> None:
        """Removes the document's object."""

    @abc.abstractmethod
    def holds(self, data: bytes) -> bool:
        """Whether any object has exactly these bytes."""

    @abc.abstractmethod
    def count(self) -> int:
        """Number of objects, referenced or not, staged ones included."""

    @abc.abstractmethod
    def add_orphan(self, age: datetime.timedelta) -> None:
        """Adds an object of that age that no row refers to."""


class RowSide(abc.ABC):
    """Where the rows and counters are."""

    @abc.abstractmethod
    def environment(self) -> dict:
        """The settings that make a server use it."""

    @abc.abstractmethod
    def version_of(self, document_id: str) -> str:
        """The version of the document's object."""

    @abc.abstractmethod
    def set_version(self, document_id: str, version: str) -> None:
        """Makes the row refer to another version."""

    @abc.abstractmethod
    def change_usage(self, user_id: str, total_bytes: int, file_count: int,
                     reserved_bytes: int) -> None:
        """Adds these differences to the user's counters."""

    @abc.abstractmethod
    def age_deletions(self, age: datetime.timedelta) -> int:
        """Makes every deletion that much older; returns how many there are."""

    @abc.abstractmethod
    def document_rows(self) -> int:
        """Number of rows, whatever their status."""

    @abc.abstractmethod
    def pending_rows(self, user_id: str, filename: str | None) -> int:
        """Number of the user's uploads that have reserved their name and quota and go on."""

    @abc.abstractmethod
    def add_future_migration(self) -> None:
        """Records a migration that this binary does not know."""

    @abc.abstractmethod
    def undo_migration(self, name: str) -> None:
        """Removes what an interrupted migration has made; its record stays."""
