"""Applies the house rules to the repository, and proves that each of them catches something."""

import subprocess
from pathlib import Path

import pytest

from house_rules import FILE_LINES_MAX, FUNCTION_LINES_MAX, Source, check, functions

ROOT = Path(__file__).resolve().parents[2]
OWN_FOLDERS = ("src/base/", "src/core/", "proto/")


def tracked_files():
    """What git tracks or would add: a new file is checked before it is committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return [name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def read(name):
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None  # A binary sample: no text, no rule.


def test_repository_obeys_the_house_rules():
    names = tracked_files()
    for folder in OWN_FOLDERS:
        assert any(name.startswith(folder) for name in names), f"no file of {folder} was looked at"
    violations = []
    for name in names:
        text = read(name)
        if text is not None:
            violations += check(Source(name, text))
    assert not violations, "\n" + "\n".join(map(str, violations))


def rules_broken(path, text):
    return {violation.rule for violation in check(Source(path, text))}


HEADER = "// What this is for.\n#pragma once\n"
UNFINISHED_MARK = "// TO" + "DO: later\n"
WORKPLACE_FOLDER = "/wo" + "rk/main/x"

BROKEN = [
    ("src/core/a.cc", '#include "transport/grpc/server.h"\n', "include-direction"),
    ("src/core/a.cc", '#include "adapters/sql/store.h"\n', "include-direction"),
    ("src/base/a.cc", '#include "ports/object_store.h"\n', "include-direction"),
    ("src/ports/a.h", HEADER + '#include "core/names.h"\n', "include-direction"),
    ("src/adapters/sql/a.cc", '#include "adapters/localfs/file.h"\n', "include-direction"),
    ("src/transport/http/a.cc", '#include "app/wiring.h"\n', "include-direction"),
    ("src/surprise/a.cc", "int x;\n", "layout"),
    ("src/core/a.cc", "#include <grpcpp/grpcpp.h>\n", "foreign-include"),
    ("src/core/a.cc", "#include <google/protobuf/message.h>\n", "foreign-include"),
    ("src/core/a.cc", '#include "document/document_service.pb.h"\n', "foreign-include"),
    ("src/ports/a.h", HEADER + "#include <sqlite3.h>\n", "foreign-include"),
    ("src/core/a.cc", "#include <mysql/mysql.h>\n", "foreign-include"),
    ("src/base/a.cc", "#include <curl/curl.h>\n", "foreign-include"),
    ("src/core/a.cc", "#include <boost/beast/http.hpp>\n", "foreign-include"),
    ("src/adapters/localfs/a.cc", "#include <sqlite3.h>\n", "foreign-include"),
    ("src/core/a.cc", "int x;\n" * (FILE_LINES_MAX + 1), "file-length"),
    ("src/core/a.cc", "// " + "x" * 98 + "\n", "line-length"),
    ("src/core/a.cc", "auto* p = new int(1);\n", "raw-new"),
    ("src/core/a.cc", "std::unique_ptr<A> a(new A);\n", "raw-new"),
    ("src/core/a.cc", "void F() {\n  delete p;\n}\n", "raw-delete"),
    ("src/core/a.cc", "void F() {\n  delete[] p;\n}\n", "raw-delete"),
    ("src/core/a.cc", "worker.detach();\n", "detached-thread"),
    ("src/core/a.cc", "int x = std::rand();\n", "rand"),
    ("src/core/a.cc", "std::this_thread::sleep_for(1s);\n", "sleep"),
    ("tests/unit/core/a_test.cc", "std::this_thread::sleep_for(1s);\n", "sleep"),
    ("src/core/a.cc", "int x = system(command);\n", "shell"),
    ("src/core/a.cc", "strcpy(a, b);\n", "unsafe-c"),
    ("src/core/a.cc", "std::cout << 1;\n", "stdout"),
    ("src/core/a.cc", "printf(format);\n", "stdout"),
    ("src/core/a.cc", "co_await F(call, {user, id}, 0);\n", "co-await-aggregate"),
    ("src/core/a.cc", "co_await F(\n    Selector{user, id});\n", "co-await-aggregate"),
    ("src/core/a.cc", UNFINISHED_MARK, "unfinished"),
    ("docs/a.md", f"see {WORKPLACE_FOLDER}\n", "workplace-path"),
    ("src/core/a.h", "// A thing.\nint f();\n", "header-guard"),
    ("src/core/a.h", "#pragma once\nclass A {\n};\n", "header-comment"),
    ("src/core/a.h", "#pragma once\nint f();\n", "header-comment"),
]


@pytest.mark.parametrize("path, text, rule", BROKEN)
def test_a_violation_is_caught(path, text, rule):
    assert rule in rules_broken(path, text)


FINE = [
    ("src/core/a.cc", '#include "base/status.h"\n#include "ports/object_store.h"\n'),
    ("src/app/a.cc", '#include "adapters/sql/store.h"\n#include <grpcpp/grpcpp.h>\n'),
    ("src/adapters/sql/a.cc", "#include <sqlite3.h>\n"),
    ("src/transport/grpc/a.cc", '#include "document/document_service.pb.h"\n'),
    ("src/transport/http/a.cc", "#include <boost/beast/http.hpp>\n"),
    ("src/core/a.h", HEADER + "class A {\n  A(const A&) = delete;\n};\n"),
    ("src/core/a.h", "#pragma once\n/// One thing.\nclass A {\n};\n"),
    ("src/core/a.cc", "// new things, delete p; std::cout << 1\n"),
    ("src/core/a.cc", 'auto x = "delete from t; new row"; auto y = R"(new A; sleep_for)";\n'),
    ("src/core/a.cc", "// tidy-allow(raw-new): the constructor is private\nauto* p = new A;\n"),
    ("src/core/a.cc", "return std::unique_ptr<A>(new A(1));\n"),
    ("src/core/a.cc", "return std::unique_ptr<A>(\n    new A(1));\n"),
    ("src/core/a.cc", "co_await F(call, [&](int x) { return x; });\n"),
    ("src/cli/a.cc", "std::cout << 1;\n"),
    ("src/core/a.cc", "boost::asio::co_spawn(pool, f(), boost::asio::detached);\n"),
]


@pytest.mark.parametrize("path, text", FINE)
def test_what_is_right_is_left_alone(path, text):
    assert rules_broken(path, text) == set()


def test_a_waiver_for_another_rule_does_not_help():
    text = "// tidy-allow(sleep): no\nauto* p = new A;\n"
    assert rules_broken("src/core/a.cc", text) == {"raw-new"}


def body(lines):
    return "{\n" + "  Step();\n" * (lines - 2) + "}\n"


LONG = FUNCTION_LINES_MAX + 1
TOO_LONG_FUNCTIONS = [
    "void F() " + body(LONG),
    "namespace a {\nnamespace {\nint F(int x) " + body(LONG) + "}\n}\n",
    "class A {\n public:\n  int F() const noexcept override " + body(LONG) + "};\n",
    "A::A(int a, int b) : a_{a}, b_(b) " + body(LONG),
    "A::A(int a) : a_(a), b_{1, 2} " + body(LONG),
    "template <typename T>\nauto F(T t) -> int " + body(LONG - 1),
    "TEST(Suite, Case) " + body(LONG),
    "const auto kF = [](int x) " + body(LONG) + ";\n",
    "void F() {\n  if (x) " + body(LONG - 2) + "}\n",
    'void F() {\n  Log("}");\n  char c = \'}\';\n' + "  Step();\n" * LONG + "}\n",
    "void F() {\n  int n = 1'000'000;\n" + "  Step();\n" * LONG + "}\n",
]


@pytest.mark.parametrize("text", TOO_LONG_FUNCTIONS)
def test_a_long_function_is_caught(text):
    assert "function-length" in rules_broken("src/core/a.cc", text)


def test_functions_of_the_longest_size_are_left_alone():
    text = ("void F() " + body(FUNCTION_LINES_MAX)) * 3
    assert rules_broken("src/core/a.cc", text) == set()


def test_functions_are_found_by_name_and_place():
    text = "namespace a {\n\nint First() { return 1; }\n\nvoid B::Second()\n    const {\n}\n}\n"
    found = list(functions(Source("src/core/a.cc", text)))
    assert found == [(3, 3, "First"), (5, 7, "B::Second")]


def test_a_class_of_many_lines_is_no_function():
    text = "/// A.\nclass A {\n" + "  void F();\n" * (FUNCTION_LINES_MAX * 2) + "};\n"
    assert rules_broken("src/core/a.cc", text) == set()
