"""Many at once: everything is right, whatever the order."""

import concurrent.futures
import threading

from harness.client import Client
from harness.documents import MEBIBYTE, pdf_of_size, text_of_size
from harness.failures import Failure

USERS = 100
USER_BYTES = 10_000_000
DOWNLOADS = 50


def in_parallel(count, work) -> list:
    """Runs `work(number)` in `count` threads that start together; all results, or the error."""
    barrier = threading.Barrier(count)

    def run(number):
        barrier.wait(30)
        return work(number)
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run, n) for n in range(count)]]


def test_hundred_users_with_ten_megabytes_each(new_server):
    server = new_server().start()
    clients = [Client(server.address) for _ in range(10)]

    def upload(number):
        data = pdf_of_size(USER_BYTES, number)
        return clients[number % 10].upload(f"user{number}", "lesson.pdf", data, timeout=150)
    answers = in_parallel(USERS, upload)
    assert len({answer.document_id for answer in answers}) == USERS

    def check(number):
        client = clients[number % 10]
        assert client.used(f"user{number}") == (1, USER_BYTES)
        data = client.download(f"user{number}", answers[number].document_id, timeout=150).data
        return data == pdf_of_size(USER_BYTES, number)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert all(pool.map(check, range(USERS)))
    for client in clients:
        client.close()
    assert server.stop() == 0


def test_fifty_downloads_of_one_document(server, client):
    data = pdf_of_size(10 * MEBIBYTE, "shared")
    stored = client.store("reader", "shared.pdf", data)

    def download(_):
        with Client(server.address) as own:
            return own.download("reader", stored.document_id, timeout=120).data == data
    assert all(in_parallel(DOWNLOADS, download))
    client.delete("reader", stored.document_id)


def mixed_work(server, user, plan) -> dict:
    """One user's random life; returns {document id: data} of what must be stored at the end."""
    kept = {}
    with Client(server.address) as client:
        for turn, (action, size) in enumerate(plan):
            if action == "upload" or not kept:
                data = text_of_size(size, f"{user} {turn}")
                kept[client.upload(user, f"{turn}.txt", data).document_id] = data
                continue
            document_id = next(iter(kept))
            if action == "download":
                assert client.download(user, document_id).data == kept[document_id]
            elif action == "delete":
                client.delete(user, document_id)
                del kept[document_id]
            elif action == "list":
                assert {d.document_id for d in client.list_all(user)} == set(kept)
            elif action == "usage":
                assert client.used(user) == (len(kept), sum(map(len, kept.values())))
            elif action == "cancel":
                stream = client.hold_upload(server.store, user, f"cancel{turn}.txt", size=100_000,
                                            data=b"x" * 50_000)
                stream.cancel()
            elif action == "taken":
                filename = client.list(user, page_size=1).documents[0].filename
                try:
                    client.upload(user, filename, b"abc")
                    raise AssertionError("a taken name was given away")
                except Failure as failure:
                    assert failure.reason == "DOCUMENT_ALREADY_EXISTS"
    return kept


def test_mixed_load(server, client, rng):
    actions = ["upload"] * 5 + ["download"] * 4 + ["delete"] * 2 + ["list", "usage", "cancel",
                                                                    "taken"]
    sizes = [1, 100, 4096, 65_536, 300_000]
    plans = [[(rng.choice(actions), rng.choice(sizes)) for _ in range(60)] for _ in range(24)]
    results = in_parallel(24, lambda number: mixed_work(server, f"mixed{number}", plans[number]))
    for number, kept in enumerate(results):
        user = f"mixed{number}"
        assert client.used(user) == (len(kept), sum(map(len, kept.values())))
        for document_id, data in kept.items():
            assert client.download(user, document_id).data == data


def test_many_small_uploads_of_one_user(server, client):
    """The counters of one user are the row that everybody writes."""
    def upload(number):
        with Client(server.address) as own:
            for turn in range(20):
                own.upload("busy", f"{number}-{turn}.txt", text_of_size(100))
    in_parallel(32, upload)
    assert client.used("busy") == (640, 64_000)
    assert client.list("busy").total_count == 640


def test_thousand_open_streams_are_bounded_in_threads(server, client):
    """Waiting streams hold no thread."""
    streams = [client.hold_upload(server.store, f"open{number % 20}", f"{number}.txt")
               for number in range(300)]
    assert server.thread_count() < 64
    for stream in streams:
        stream.cancel()
    assert client.upload("after", "a.txt", b"abc", timeout=5).size == 3
