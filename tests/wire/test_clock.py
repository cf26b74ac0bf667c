"""A wall clock that jumps: times go with it, but nothing is lost, skipped or given away."""

import datetime

import pytest
import requests

from harness.client import chunk_request
from harness.clock import MovableClock
from harness.documents import text_of_size
from harness.failures import refused
from harness.fsck import assert_clean, fsck

# A database server has a clock of its own, and an S3 store refuses a caller whose clock jumps.
pytestmark = pytest.mark.sqlite
DAY = datetime.timedelta(days=1)
NONE = datetime.timedelta()


@pytest.fixture
def clock(tmp_path):
    return MovableClock(tmp_path)


@pytest.fixture
def server(new_server, clock):
    """A server on that clock; the store must be clean in the end."""
    running = new_server(**clock.settings).start()
    yield running
    assert running.stop() == 0
    assert_clean(running)


@pytest.fixture
def own(server, connect):
    return connect(server)


def test_pages_across_jumps(own, clock, user):
    ids = set()
    for number, jump in enumerate((NONE, 2 * DAY, -3 * DAY, DAY, -DAY, NONE)):
        clock.move(jump)
        for turn in range(7):
            ids.add(own.upload(user, f"{number}-{turn}.txt", b"x").document_id)
    for page_size in (1, 5, 100):
        listed = own.list_all(user, page_size=page_size)
        assert len(listed) == len(ids) and {d.document_id for d in listed} == ids
        times = [document.created_at for document in listed]
        assert times == sorted(times, reverse=True)
    assert own.used(user) == (len(ids), len(ids))


def test_day_of_path_and_filter_follow_the_clock(own, clock, user):
    clock.move(10 * DAY)
    answer = own.upload(user, "a.txt", b"x")
    day = answer.path.split("/")[3]
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert datetime.date.fromisoformat(day) - today in (10 * DAY, 11 * DAY)
    assert own.list(user, date_filter=day).total_count == 1
    assert own.list(user, date_filter=today.isoformat()).total_count == 0


@pytest.mark.parametrize("jump", [DAY, -DAY, 400 * DAY], ids=["ahead", "back", "a year ahead"])
def test_running_upload_survives(server, own, clock, user, jump):
    """The lease is renewed by the clock that jumped, and the upload ends well."""
    stream = own.hold_upload(server.store, user, data=b"abc")
    clock.move(jump)
    answer = stream.send(chunk_request(b"defghij")).close().result()
    assert own.download(user, answer.document_id).data == b"abcdefghij"
    assert own.used(user) == (1, 10)


def test_link_expires_with_the_clock(own, clock, user):
    stored = own.store(user, "a.txt", b"abc")
    link = own.url(user, stored.document_id, expiry_minutes=60).presigned_url
    for jump, status in ((datetime.timedelta(minutes=59), 200), (-DAY, 200),
                         (datetime.timedelta(minutes=61), 403), (400 * DAY, 403), (NONE, 200)):
        clock.move(jump)
        assert requests.get(link, timeout=10).status_code == status, jump


@pytest.mark.parametrize("jump", [-2 * DAY, 2 * DAY, 400 * DAY],
                         ids=["back", "ahead", "a year ahead"])
def test_restart_on_another_day_removes_nothing(server, own, connect, clock, user, jump):
    """Not even what a sweeper with a wrong clock would take for old."""
    stored = [own.store(user, f"{number}.txt", text_of_size(500, number)) for number in range(5)]
    assert server.stop() == 0
    clock.move(jump)
    server.start()
    assert_clean(server)
    again = connect(server)
    for document in stored:
        assert again.download(user, document.document_id).data == document.data
    assert again.used(user) == (5, 2500)


def test_upload_that_lost_its_lease_is_aborted(server, own, clock, user):
    """The lease runs by the clock that jumped; the sweeper takes it and frees name and quota."""
    stream = own.hold_upload(server.store, user, data=b"abc")
    clock.move(datetime.timedelta(hours=1))
    assert fsck(server, "--repair").exit_code in (0, 1)
    assert server.store.pending_rows(user) == 0
    with refused("ABORTED", "UPLOAD_ABORTED") as refusal:
        stream.send(chunk_request(b"defghij")).close().result()
    assert refusal.failure.retry_info is not None
    assert own.upload(user, "a.txt", b"again").size == 5
