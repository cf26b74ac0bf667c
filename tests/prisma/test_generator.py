"""The C++ of the schema: committed as it is generated, right for other schemas, or refused."""

import os
import shutil
import subprocess

import pytest

from harness.locations import REPOSITORY
from harness.server import clean_environment

GENERATED = ("src/adapters/sql/generated", "tests/unit/sql/generated")
HEADER = "src/adapters/sql/generated/schema.h"
SCHEMA = "prisma/schema.prisma"
SECONDS = 100

PREAMBLE = """
generator cpp {
  provider = "node prisma/generator-cpp/index.js"
  output   = "../src/adapters/sql/generated"
  catalogue = "../tests/unit/sql/generated"
}

datasource db {
  provider = "mysql"
  url      = env("MICROSERVICE_DATABASE")
}
"""


@pytest.fixture
def checkout(tmp_path):
    """A copy of what tools/prisma reads and writes."""
    for name in ("prisma", "tools/prisma", "tests/prisma/package.json",
                 "tests/prisma/package-lock.json", ".clang-format", *GENERATED):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(REPOSITORY / name, target)
    return tmp_path


def tool(folder, command) -> subprocess.CompletedProcess:
    kept = {key: os.environ[key] for key in ("SATCHEL_CACHE",) if key in os.environ}
    return subprocess.run([folder / "tools/prisma", command], env={**clean_environment(), **kept},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=SECONDS, check=False)


def generate_from(folder, models: str) -> subprocess.CompletedProcess:
    (folder / SCHEMA).write_text(PREAMBLE + models)
    return tool(folder, "generate")


def test_the_committed_code_is_the_schemas():
    done = tool(REPOSITORY, "check")
    assert done.returncode == 0, done.stdout


def test_a_changed_schema_needs_its_code(checkout):
    schema = checkout / SCHEMA
    schema.write_text(schema.read_text().replace("  size       BigInt\n",
                                                 "  size       BigInt\n  pages Int?\n"))
    done = tool(checkout, "check")
    assert done.returncode == 1
    assert "+  std::optional<std::int32_t> pages" in done.stdout
    assert "make prisma" in done.stdout
    assert tool(checkout, "generate").returncode == 0
    assert "std::optional<std::int32_t> pages" in (checkout / HEADER).read_text()
    assert tool(checkout, "check").returncode == 0


def test_edited_code_is_found(checkout):
    header = checkout / HEADER
    header.write_text(header.read_text().replace("std::int64_t size;", "std::int32_t size;"))
    assert tool(checkout, "check").returncode == 1


def test_the_code_of_any_schema_compiles(checkout):
    done = generate_from(checkout, """
/// How far it is.
enum ReviewState {
  NOT_STARTED
  DONE
}

model PeerReview {
  id       BigInt       @id
  state    ReviewState? @default(NOT_STARTED)
  marks    Int          @default(-3)
  best     Int?
  bytes    BigInt?
  /// @unlisted
  note     String?      @map("note_text") @db.VarChar(10)
  author   String
  due_at   DateTime?
  made_at  DateTime     @default(now())

  @@unique([author, due_at])
  @@map("peer_review")
}
""")
    assert done.returncode == 0, done.stdout
    header = (checkout / HEADER).read_text()
    for expected in ("enum class ReviewState : std::uint8_t { kNotStarted, kDone };",
                     "struct PeerReviewRow {", "SATCHEL_PEER_REVIEW_COLUMNS", "note_text",
                     "SATCHEL_PEER_REVIEW_LISTED_COLUMNS", "INSERT INTO peer_review"):
        assert expected in header
    catalogue = (checkout / "tests/unit/sql/generated/catalogue.h").read_text()
    for expected in ('{"peer_review", "author", "varchar(191)", "TEXT", false, "", ""}',
                     '{"peer_review", "marks", "int", "INTEGER", false, "-3", "-3"}',
                     '"author, due_at", true}'):
        assert expected in catalogue
    subprocess.run(["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                    f"-I{checkout}/src", f"-I{REPOSITORY}/src",
                    "-include", checkout / "tests/unit/sql/generated/catalogue.h",
                    checkout / "src/adapters/sql/generated/schema.cc"],
                   check=True, timeout=SECONDS)


@pytest.mark.parametrize("field, complaint", [
    ("done Boolean", "M.done: no C++ for the type Boolean"),
    ("price Decimal", "M.price: no C++ for the type Decimal"),
    ("body String @db.Text", "M.body: texts are @db.VarChar, not @db.Text"),
    ("at DateTime @db.DateTime(6)", "M.at: no C++ for @db.DateTime"),
    ("small Int @db.SmallInt", "M.small: no C++ for @db.SmallInt"),
    ('odd String @map("odd-name")', "the column of M.odd is called odd-name: no name for C++"),
    ('text String @default("x")', 'M.text: no C++ for the default "x"'),
])
def test_what_has_no_cpp_is_refused_by_name(checkout, field, complaint):
    before = (checkout / HEADER).read_text()
    done = generate_from(checkout, f"model M {{\n  id String @id\n  {field}\n}}\n")
    assert done.returncode != 0
    assert complaint in done.stdout
    assert (checkout / HEADER).read_text() == before
