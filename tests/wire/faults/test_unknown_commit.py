"""A COMMIT whose reply is lost, or that is lost itself: nothing is charged twice, none is lost."""

import pytest

from harness.commit_gate import CommitGate
from harness.documents import text_of_size
from harness.failures import Failure
from harness.fsck import assert_clean
from harness.waiting import wait_until

LEASE_SECONDS = 4


@pytest.fixture
def gated(make_store, sql_server, new_server, connect):
    """A server whose database is behind a gate that loses what the test wants."""
    store = make_store(sql_server)
    with CommitGate(sql_server.endpoint) as gate:
        server = new_server(
            store=store, UPLOAD_LEASE_SECONDS=LEASE_SECONDS,
            MICROSERVICE_DATABASE=sql_server.url(store.rows.database, gate.endpoint)).start()
        server.gate = gate
        yield server
        if server.running():
            server.kill()


@pytest.mark.parametrize("forward", [True, False], ids=["reply lost", "commit lost"])
@pytest.mark.parametrize("step", [1, 2], ids=["reservation", "completion"])
def test_upload(gated, connect, user, step, forward):
    """The row tells what became of the commit: the upload ends well, and is charged once."""
    client = connect(gated)
    data = text_of_size(3000, user)
    gated.gate.lose(user, step, forward)
    try:
        document_id = client.upload(user, "a.txt", data).document_id
    except Failure as failure:
        # Honest as well: nothing was lost, the caller may try again once it is settled.
        assert failure.code in ("UNAVAILABLE", "ABORTED") and failure.retry_info, failure
        wait_until(lambda: gated.store.pending_rows(user) == 0, 3 * LEASE_SECONDS, "settled")
        listed = client.list(user).documents
        document_id = (listed[0].document_id if listed
                       else client.upload(user, "a.txt", data).document_id)
    assert gated.gate.lost == 1, "the commit was lost"
    assert client.used(user) == (1, 3000)
    assert client.download(user, document_id).data == data
    assert gated.stop() == 0
    assert gated.store.object_count() == 1
    assert_clean(gated)


@pytest.mark.parametrize("forward", [True, False], ids=["reply lost", "commit lost"])
def test_delete(gated, connect, user, forward):
    client = connect(gated)
    stored = client.store(user, "a.txt", text_of_size(3000, user))
    gated.gate.lose(user, 1, forward)
    try:
        assert client.delete(user, stored.document_id).success
    except Failure as failure:
        assert failure.code in ("UNAVAILABLE", "NOT_FOUND"), failure
        if client.used(user) != (0, 0):
            client.delete(user, stored.document_id)
    assert gated.gate.lost == 1, "the commit was lost"
    assert client.used(user) == (0, 0)
    assert client.upload(user, "a.txt", b"again").size == 5
    assert gated.stop() == 0
    assert_clean(gated)
