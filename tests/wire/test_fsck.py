"""fsck finds each kind of damage, says what it found, and repairs only when told to."""

import datetime

import pytest

from harness.documents import text_of_size
from harness.fsck import assert_clean, fsck

DAY = datetime.timedelta(days=1)


@pytest.fixture
def damaged(new_server, connect):
    """A stopped server with three documents of one user."""
    server = new_server().start()
    client = connect(server)
    server.documents = [client.store("owner", f"{number}.txt", text_of_size(2000, number))
                        for number in range(3)]
    assert server.stop() == 0
    assert_clean(server)
    return server


def assert_found(server, *mentions) -> None:
    """fsck reports it, twice the same, so looking changes nothing."""
    first, second = fsck(server), fsck(server)
    assert first.exit_code == second.exit_code == 1
    for mention in mentions:
        assert mention in first.text
        assert mention in second.text


def repair(server) -> None:
    outcome = fsck(server, "--repair")
    assert outcome.exit_code in (0, 1), outcome.error
    assert_clean(server)


@pytest.mark.parametrize("difference", [
    {"total_bytes": 5}, {"total_bytes": -5}, {"file_count": 1}, {"file_count": -1},
    {"reserved_bytes": 100}], ids=lambda d: f"{next(iter(d))} {next(iter(d.values())):+}")
def test_wrong_counters(damaged, connect, difference):
    damaged.store.change_usage("owner", **difference)
    assert_found(damaged, "owner")
    repair(damaged)
    damaged.start()
    assert connect(damaged).used("owner") == (3, 6000)


def test_missing_object(damaged, connect):
    lost = damaged.documents[1]
    damaged.store.remove_object(lost)
    assert_found(damaged, lost.document_id)


@pytest.mark.parametrize("damage", ["corrupt_object", "truncate_object"])
def test_changed_object(damaged, damage):
    broken = damaged.documents[1]
    getattr(damaged.store, damage)(broken)
    assert_found(damaged, broken.document_id)


def test_repair_never_removes_a_damaged_document_silently(damaged, connect):
    """Bytes that were lost cannot be repaired; the row stays as the proof that they were there."""
    damaged.store.remove_object(damaged.documents[0])
    outcome = fsck(damaged, "--repair")
    assert outcome.exit_code == 1
    assert damaged.documents[0].document_id in outcome.text
    damaged.start()
    listed = {document.document_id for document in connect(damaged).list("owner").documents}
    assert listed >= {document.document_id for document in damaged.documents[1:]}


def test_old_orphan(damaged):
    before = damaged.store.object_count()
    damaged.store.add_orphan(2 * DAY)
    assert_found(damaged, "no row knows the object")
    assert damaged.store.object_count() == before + 1
    repair(damaged)
    assert damaged.store.object_count() == before


def test_more_old_orphans_than_the_sweeper_believes(damaged):
    before = damaged.store.object_count()
    for _ in range(150):
        damaged.store.add_orphan(2 * DAY)
    repair(damaged)
    assert damaged.store.object_count() == before


def test_young_object_without_a_row_is_left_alone(damaged):
    """It may be an upload that is just being made."""
    before = damaged.store.object_count()
    damaged.store.add_orphan(datetime.timedelta(hours=1))
    assert "note: 1 object younger than 24 h" in fsck(damaged, "--repair").text
    fsck(damaged, "--repair")
    assert damaged.store.object_count() == before + 1


@pytest.mark.local_objects
def test_folder_without_a_store_is_refused_and_left_empty(damaged, tmp_path):
    """An unmounted folder must not look like a healthy store."""
    damaged.settings["STORAGE_DIR"] = str(tmp_path)
    outcome = fsck(damaged)
    assert outcome.exit_code == 1
    assert "no storage folder" in outcome.error
    assert not list(tmp_path.iterdir())


def test_several_damages_are_all_reported(damaged):
    one, two, _ = damaged.documents
    damaged.store.remove_object(one)
    damaged.store.corrupt_object(two)
    damaged.store.change_usage("owner", total_bytes=7)
    assert_found(damaged, one.document_id, two.document_id, "owner")


def test_running_server_answers_fsck(new_server, connect, user):
    server = new_server().start()
    client = connect(server)
    stored = client.store(user, "a.txt", text_of_size(3000, user))
    assert_clean(server)
    holder = client.hold_upload(server.store, user, "b.txt")
    assert_clean(server)
    server.store.corrupt_object(stored)
    outcome = fsck(server)
    assert outcome.exit_code == 1 and stored.document_id in outcome.text
    holder.cancel()


def test_json_report(damaged):
    damaged.store.remove_object(damaged.documents[0])
    outcome = fsck(damaged, "--json")
    assert outcome.exit_code == 1
    assert damaged.documents[0].document_id in str(outcome.json_lines())


def test_empty_store_is_clean(new_server):
    server = new_server().start()
    assert server.stop() == 0
    assert_clean(server)
