"""The real Prisma Client reads what Satchel wrote and writes what Satchel reads."""

import datetime
import hashlib

import pytest

from harness.documents import text_of_size
from harness.failures import refused
from harness.fsck import assert_clean, fsck
from prisma_program import PrismaError


def parsed(time: str) -> datetime.datetime:
    """Of Satchel's or of Prisma's; both are in UTC."""
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))


def put_object(server, key: str, data: bytes) -> None:
    """As a program does that stores documents without asking Satchel."""
    objects = server.store.objects
    objects.server.client().put_object(Bucket=objects.bucket, Key=key, Body=data)


def write_document(server, prisma, user: str, filename: str, data: bytes, **fields) -> dict:
    """A document of another program's: its object, then the row of section 7 and nothing more."""
    key = f"documents/{user}/general/{datetime.date.today()}/{filename}"
    put_object(server, key, data)
    return prisma.create(**{"status": "COMPLETED", "user_id": user, "category": "general",
                            "filename": filename, "path": key, "size": len(data),
                            "mime_type": "text/plain", **fields})


@pytest.mark.parametrize("filename", [
    "plain.txt", " leading and trailing .txt", "Ünïcode 数学 🙂.txt", "100% + #1 'quoted\".txt",
    "e\u0301.txt"])
def test_prisma_reads_what_satchel_stored(client, prisma, user, filename):
    stored = client.store(user, filename, text_of_size(1234, filename), category="cat egory ")
    (row,) = prisma.documentsOf(user_id=user)
    listed = client.list(user).documents[0]
    assert row["id"] == stored.document_id
    assert row["status"] == "COMPLETED"
    assert (row["user_id"], row["category"], row["filename"]) == (user, "cat egory ", filename)
    assert row["path"] == stored.path == row["object_key"]
    assert int(row["size"]) == 1234
    assert row["mime_type"] == "text/plain"
    assert parsed(row["created_at"]) == parsed(listed.created_at)
    assert parsed(row["updated_at"]) == parsed(listed.updated_at)
    assert row["sha256"] == hashlib.sha256(stored.data).hexdigest()
    assert row["version"]
    assert (row["lease_expires_at"], row["deleted_at"], row["purge_after"]) == (None, None, None)


def test_prisma_reads_the_usage(client, prisma, user):
    assert prisma.usageOf(user_id=user) is None
    first = client.store(user, "a.txt", text_of_size(700))
    client.store(user, "b.txt", text_of_size(300))
    client.delete(user, first.document_id)
    usage = prisma.usageOf(user_id=user)
    assert (usage["file_count"], int(usage["total_bytes"])) == (1, 300)
    assert (int(usage["reserved_bytes"]), usage["quota_bytes"]) == (0, None)
    assert parsed(usage["updated_at"]) == parsed(client.usage(user).usage.last_updated)


def test_names_are_equal_byte_for_byte_only(client, prisma, user):
    names = [user, user.upper(), f"{user} ", f"{user}\u0301", f"{user}🙂"]
    for name in names:
        client.store(name, f"{name}.txt", text_of_size(100, name))
    for name in names:
        (row,) = prisma.documentsOf(user_id=name)
        assert row["user_id"] == name
        assert prisma.usageOf(user_id=name)["user_id"] == name


def test_prisma_pages_as_satchel_does(client, prisma, user):
    for number in range(7):
        client.store(user, f"{number}.txt", text_of_size(10, number))
    expected = [document.document_id for document in client.list_all(user, page_size=3)]
    found, after = [], {}
    while page := prisma.page(user_id=user, take=3, **after):
        found += [row["id"] for row in page]
        after = {"after": found[-1]}
    assert found == expected


@pytest.mark.parametrize("filename", ["notes.txt", "Ünï 数学 🙂 .txt"])
def test_satchel_reads_what_prisma_wrote(server, client, prisma, user, filename):
    data = text_of_size(4321, filename)
    row = write_document(server, prisma, user, filename, data)
    assert row["attempt"] is None and row["sha256"] is None
    (listed,) = client.list(user).documents
    assert (listed.document_id, listed.filename, listed.category, listed.size, listed.status) == (
        row["id"], filename, "general", 4321, "COMPLETED")
    assert parsed(listed.created_at) == parsed(row["created_at"])
    assert client.list(user).total_count == 1
    assert client.download(user, row["id"]).data == data
    assert client.download(user, row["id"], offset=4000).data == data[4000:]
    assert fsck(server, "--repair").exit_code in (0, 1)
    assert_clean(server)


def test_fsck_settles_the_usage_that_prisma_did_not_count(server, client, prisma, user):
    client.store(user, "counted.txt", text_of_size(1000))
    write_document(server, prisma, user, "uncounted.txt", text_of_size(500))
    assert client.used(user) == (1, 1000)
    found = fsck(server)
    assert found.exit_code == 1
    assert user in found.text
    assert client.used(user) == (1, 1000), "without --repair nothing changes"
    assert fsck(server, "--repair").exit_code in (0, 1)
    assert_clean(server)
    assert client.used(user) == (2, 1500)
    usage = prisma.usageOf(user_id=user)
    assert (usage["file_count"], int(usage["total_bytes"])) == (2, 1500)


def test_a_program_that_counts_leaves_nothing_to_settle(server, client, prisma, user):
    write_document(server, prisma, user, "counted.txt", text_of_size(500))
    prisma.addUsage(user_id=user, bytes=500)
    assert client.used(user) == (1, 500)
    assert user not in fsck(server).text


def test_a_row_whose_object_has_another_length_is_no_download(server, client, prisma, user):
    row = write_document(server, prisma, user, "short.txt", text_of_size(100), size=101)
    with refused("DATA_LOSS", "CHECKSUM_MISMATCH"):
        client.download(user, row["id"])
    client.delete(user, row["id"])
    assert fsck(server, "--repair").exit_code in (0, 1)
    assert_clean(server)


def test_satchel_deletes_what_prisma_wrote(server, client, prisma, user):
    row = write_document(server, prisma, user, "gone.txt", text_of_size(100))
    prisma.addUsage(user_id=user, bytes=100)
    client.delete(user, row["id"])
    assert prisma.documentsOf(user_id=user) == []
    assert client.used(user) == (0, 0)
    with refused("NOT_FOUND", "DOCUMENT_NOT_FOUND"):
        client.download(user, row["id"])
    write_document(server, prisma, user, "gone.txt", text_of_size(50))
    prisma.addUsage(user_id=user, bytes=50)
    assert client.list(user).total_count == 1, "the name is free again"


def test_a_name_that_satchel_holds_is_taken_for_prisma(client, prisma, user):
    stored = client.store(user, "taken.txt", text_of_size(100))
    fields = {"user_id": user, "category": "general", "filename": "taken.txt",
              "mime_type": "text/plain", "size": 1}
    with pytest.raises(PrismaError, match="P2002"):
        prisma.create(path=stored.path, **fields)
    # Another name by one byte, and PENDING by default: no document yet.
    other = prisma.create(path=f"{stored.path} ", **fields)
    assert other["status"] == "PENDING"
    assert client.list(user).total_count == 1
    prisma.remove(id=other["id"])


def test_a_name_that_prisma_holds_is_taken_for_satchel(server, client, prisma, user):
    row = write_document(server, prisma, user, "held.txt", text_of_size(100))
    prisma.addUsage(user_id=user, bytes=100)
    with refused("ALREADY_EXISTS", "DOCUMENT_ALREADY_EXISTS") as failure:
        client.upload(user, "held.txt", text_of_size(10))
    assert failure.resource_info.resource_name == row["id"]
