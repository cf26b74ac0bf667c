"""Pages: newest first, bound to their query, without gaps and repetitions."""

import concurrent.futures
import datetime
import threading

import pytest

from harness.client import Client
from harness.failures import refused

MANY = 1100


def fill(address: str, user_id: str, count: int, category="general") -> list:
    """Stores `count` documents with 8 clients; their ids."""
    def one(number):
        return clients[number % 8].upload(user_id, f"{number:05d}.txt", b"x", category).document_id
    clients = [Client(address) for _ in range(8)]
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(one, range(count)))
    finally:
        for client in clients:
            client.close()


@pytest.fixture(scope="module")
def many(server):
    return set(fill(server.address, "many", MANY))


def pages(client, user_id, page_size, **query):
    token = ""
    while True:
        page = client.list(user_id, page_size=page_size, page_token=token, **query)
        yield page
        token = page.next_page_token
        if not token:
            return


@pytest.mark.parametrize("page_size", [1, 7, 50, 99, 100])
def test_every_document_once(client, server, user, page_size):
    ids = set(fill(server.address, user, 101))
    seen = []
    for page in pages(client, user, page_size):
        assert len(page.documents) <= page_size
        assert page.total_count == 101
        seen += [document.document_id for document in page.documents]
    assert len(seen) == 101 and set(seen) == ids


def test_more_than_a_thousand(client, many):
    listed = client.list_all("many")
    assert len(listed) == MANY
    assert {document.document_id for document in listed} == many
    times = [document.created_at for document in listed]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("asked, got", [(0, 50), (1, 1), (100, 100), (101, 100), (2**31 - 1, 100)])
def test_page_sizes(client, many, asked, got):
    page = client.list("many", page_size=asked)
    assert len(page.documents) == got
    assert page.total_count == MANY
    assert page.next_page_token


def test_exact_last_page_has_no_token(client, user):
    for number in range(4):
        client.upload(user, f"{number}.txt", b"x")
    first = client.list(user, page_size=2)
    second = client.list(user, page_size=2, page_token=first.next_page_token)
    assert len(first.documents) == len(second.documents) == 2
    assert second.next_page_token == ""


def test_newest_first(client, user):
    names = [f"{number}.txt" for number in range(12)]
    for name in names:
        client.upload(user, name, b"x")
    listed = client.list(user).documents
    times = [document.created_at for document in listed]
    assert times == sorted(times, reverse=True)
    # Documents of one millisecond may stand in any order; all others are the upload's order.
    by_time = sorted(listed, key=lambda document: document.created_at)
    for older, newer in zip(by_time, by_time[1:]):
        if older.created_at < newer.created_at:
            assert names.index(older.filename) < names.index(newer.filename)


def test_token_is_bound_to_its_query(client, user):
    for category in ("one", "two"):
        for number in range(4):
            client.upload(user, f"{number}.txt", b"x", category=category)
            client.upload(user + "-other", f"{number}.txt", b"x", category=category)
    today = client.list(user).documents[0].created_at[:10]
    queries = [
        {"user_id": user}, {"user_id": user + "-other"}, {"user_id": user, "category": "one"},
        {"user_id": user, "category": "two"}, {"user_id": user, "date_filter": today},
        {"user_id": user, "category": "one", "date_filter": today},
    ]
    for query in queries:
        token = client.list(page_size=2, **query).next_page_token
        assert token
        for other in queries:
            if other == query:
                assert client.list(page_size=2, page_token=token, **other).documents
                continue
            with refused("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID"):
                client.list(page_size=2, page_token=token, **other)


def test_token_goes_with_another_page_size(client, many):
    first = client.list("many", page_size=10)
    rest = client.list("many", page_size=20, page_token=first.next_page_token)
    straight = client.list("many", page_size=30)
    got = [document.document_id for document in [*first.documents, *rest.documents]]
    assert got == [document.document_id for document in straight.documents]


def test_changed_token_is_refused_or_harmless(client, many):
    """Tokens need no key, so a changed one may parse; it never leaves the user's documents."""
    token = client.list("many", page_size=10).next_page_token
    refusals = 0
    for position in range(len(token)):
        changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1:]
        try:
            page = client.list("many", page_size=10, page_token=changed)
        except Exception as failure:
            assert failure.reason == "PAGE_TOKEN_INVALID"
            refusals += 1
        else:
            assert {document.document_id for document in page.documents} <= many
    assert refusals > 0


def test_token_survives_a_restart(new_server, connect, user):
    server = new_server().start()
    client = connect(server)
    for number in range(6):
        client.upload(user, f"{number}.txt", b"x")
    first = client.list(user, page_size=3)
    assert server.stop() == 0
    server.start()
    second = connect(server).list(user, page_size=3, page_token=first.next_page_token)
    assert len({document.document_id for page in (first, second)
                for document in page.documents}) == 6


def test_category_filter(client, user):
    for category in ("one", "one", "two"):
        client.upload(user, f"{category}{len(client.list(user).documents)}.txt", b"x", category)
    page = client.list(user, category="one")
    assert page.total_count == 2
    assert {document.category for document in page.documents} == {"one"}
    assert client.list(user, category="three").total_count == 0


def test_date_filter(client, user):
    client.upload(user, "a.txt", b"x")
    created = client.list(user).documents[0].created_at
    day = datetime.date.fromisoformat(created[:10])
    assert client.list(user, date_filter=day.isoformat()).total_count == 1
    for other in (day - datetime.timedelta(days=1), day + datetime.timedelta(days=1)):
        page = client.list(user, date_filter=other.isoformat())
        assert (list(page.documents), page.total_count) == ([], 0)
    assert client.list(user, date_filter="0001-01-01").total_count == 0
    assert client.list(user, date_filter="9999-12-31").total_count == 0
    assert client.list(user, category="general", date_filter=day.isoformat()).total_count == 1


def test_pages_under_change(server, client, user):
    """While documents come and go, those that stay are each seen exactly once."""
    staying = set(fill(server.address, user, 300, category="staying"))
    stop = threading.Event()

    def change(number):
        with Client(server.address) as own:
            turn = 0
            while not stop.is_set():
                turn += 1
                document = own.upload(user, f"{number}-{turn}.txt", b"x", category="passing")
                own.delete(user, document.document_id)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        changers = [pool.submit(change, number) for number in range(3)]
        try:
            for page_size in (3, 10, 37, 100):
                seen = [document.document_id for page in pages(client, user, page_size)
                        for document in page.documents]
                kept = [document_id for document_id in seen if document_id in staying]
                assert len(seen) == len(set(seen)), "a document twice"
                assert set(kept) == staying, "a document was skipped"
        finally:
            stop.set()
        for changer in changers:
            changer.result()
    assert client.list(user).total_count == 300


def test_pages_while_the_read_part_is_deleted(client, server, user):
    """Deleting what was already read moves no cursor."""
    ids = set(fill(server.address, user, 60))
    seen = []
    for page in pages(client, user, 7):
        for document in page.documents:
            seen.append(document.document_id)
            client.delete(user, document.document_id)
    assert len(seen) == 60 and set(seen) == ids
    assert client.used(user) == (0, 0)


def test_last_page_is_as_quick_as_the_first(client, many):
    """Not a figure, only the shape: a cursor does not read what lies before it."""
    tokens = [""] + [page.next_page_token for page in pages(client, "many", 100)]
    for token in tokens[:-1]:
        assert client.list("many", page_size=100, page_token=token, timeout=2).documents
