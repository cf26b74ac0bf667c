"""What clients know of their documents while servers are killed under them, and the proof of it."""

import threading

from harness.client import Client
from harness.documents import MEBIBYTE, text_of_size
from harness.failures import Failure
from harness.waiting import wait_until

EXPECTED_CODES = ("UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED")
SETTLED_SECONDS = 30
SIZES = (1, 5000, 80_000, MEBIBYTE)


class Ledger:
    """What one user's client knows for sure, and what it cannot know."""

    def __init__(self, user: str):
        self.user = user
        self.acknowledged = {}
        self.deleted = set()
        self.unsettled = set()
        self.turn = 0
        self.successes = 0

    def next_step(self, client: Client, rng) -> None:
        """One upload or delete; raises the Failure it ended with."""
        self.turn += 1
        if self.acknowledged and rng.random() < 0.3:
            document_id = rng.choice(list(self.acknowledged))
            self.unsettled.add(document_id)
            del self.acknowledged[document_id]
            client.delete(self.user, document_id, timeout=10)
            self.unsettled.discard(document_id)
            self.deleted.add(document_id)
        else:
            size = rng.choice(SIZES)
            key = f"{self.user} {self.turn}"
            answer = client.upload(self.user, f"{self.turn}.txt", text_of_size(size, key),
                                   timeout=10)
            self.acknowledged[answer.document_id] = (size, key)
        self.successes += 1

    def assert_kept(self, client: Client, sample) -> None:
        """List, usage and a sample of downloads agree with what was acknowledged."""
        listed = self._settled_list(client)
        missing = set(self.acknowledged) - set(listed)
        assert not missing, f"acknowledged and lost: {missing}"
        assert not self.deleted & set(listed), "a deleted document came back"
        for document_id in sample(list(listed)):
            data = client.download(self.user, document_id).data
            turn = int(listed[document_id].filename.removesuffix(".txt"))
            assert data == text_of_size(len(data), f"{self.user} {turn}")
            if document_id in self.acknowledged:
                assert len(data) == self.acknowledged[document_id][0]


    def _settled_list(self, client: Client) -> dict:
        """What is listed, once the usage says the same.

        A call whose client gave up may still be ending on the server, between list and usage.
        """
        listed = {}

        def agree():
            listed.clear()
            listed.update((document.document_id, document)
                          for document in client.list_all(self.user))
            total = sum(document.size for document in listed.values())
            return client.used(self.user) == (len(listed), total)
        wait_until(agree, SETTLED_SECONDS, f"list and usage of {self.user} agree")
        return listed


def work(ledger: Ledger, address: str, rng, stop: threading.Event, endure=False) -> None:
    """Uploads and deletes until told to stop, or until the server is gone.

    `endure` goes on after an error: what the server stands on is gone, and comes back.
    """
    with Client(address) as client:
        while not stop.is_set():
            try:
                ledger.next_step(client, rng)
            except Failure as failure:
                # A lease can run out while a back end is away.
                assert failure.code in EXPECTED_CODES or (
                    endure and failure.reason == "UPLOAD_ABORTED"), failure
                if not endure:
                    return
                # The pace of a client that heeds RetryInfo, roughly.
                stop.wait(0.05)


class Workers:
    """One thread for each ledger; a thread that failed an assertion fails `join`."""

    def __init__(self, ledgers, addresses, rng, endure=False):
        self._stop = threading.Event()
        self._errors = []
        seeds = [rng.random() for _ in ledgers]
        self._threads = [
            threading.Thread(target=self._run, args=(ledger, address, type(rng)(seed), endure))
            for ledger, address, seed in zip(ledgers, addresses, seeds)]

    def _run(self, ledger, address, rng, endure) -> None:
        try:
            work(ledger, address, rng, self._stop, endure)
        except BaseException as error:  # shown by join
            self._errors.append(error)

    def __enter__(self) -> "Workers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        if self._errors:
            raise self._errors[0]
