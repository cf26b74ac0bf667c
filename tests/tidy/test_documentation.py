"""The documentation points at what exists, and names what the code has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(page):
    """The fragment of each heading, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target, fragment in LINK.findall(page.read_text(encoding="utf-8")):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{target} does not exist"
        if fragment:
            assert fragment in anchors(file), f"{target}#{fragment}: no such heading"


def test_every_decision_is_listed():
    folder = ROOT / "docs" / "adr"
    records = {path.name for path in folder.glob("[0-9]*.md")}
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text()))
    assert records and records == listed


@pytest.mark.parametrize("section", ["Context", "Decision", "Consequences"])
def test_every_decision_says_why(section):
    for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"):
        assert f"\n## {section}\n" in path.read_text(encoding="utf-8"), path.name


def error_reasons() -> list:
    """(code, reason) of every error that clients can get."""
    source = (ROOT / "src/base/status.cc").read_text(encoding="utf-8")
    table = re.findall(r'StatusCode::k(\w+),\s*"([A-Z_]+)"', source)
    assert len(table) > 20
    never_sent = {"OUTCOME_UNKNOWN", "CONFIGURATION_INVALID"}
    return [(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", camel_case).upper(), reason)
            for camel_case, reason in table if reason not in never_sent]


def test_every_error_reason_is_documented_with_its_code():
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    for code, reason in error_reasons():
        assert f"| {code} | {reason} |" in page, f"docs/api.md: {reason}"


def test_every_error_is_explained_to_operators():
    """Errors that are the client's own by their code, all others by code and reason."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = page.split("\n## Errors\n", 1)[1].split("\n## ", 1)[0].splitlines()
    for code, reason in error_reasons():
        named = {code, f"{code} {reason}"}
        assert any(named & set(row[2:].split(" | ")[0].split(", ")) for row in rows
                   if row.startswith("| ")), f"docs/operations.md: {code} {reason}"


def test_the_reference_is_made_from_the_proto_file():
    done = subprocess.run([sys.executable, ROOT / "tools/api-reference", "--check"], check=False)
    assert done.returncode == 0


def test_every_configuration_key_is_documented():
    source = (ROOT / "src/app/config_keys.cc").read_text(encoding="utf-8")
    keys = set(re.findall(r'\{\s*"([A-Z][A-Z_]+)",\s*"', source))
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(keys) > 35
    for key in keys:
        assert f"`{key}`" in page, f"README.md does not name {key}"


def test_every_metric_is_documented():
    source = (ROOT / "src/observability/metrics_registry.cc").read_text(encoding="utf-8")
    names = set(re.findall(r'"((?:satchel|documents|minio|database)_[a-z_]+)"', source))
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert len(names) > 15
    for name in names:
        assert f"`{name}`" in page, f"docs/operations.md does not name {name}"


def test_every_task_is_in_the_help():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(" ".join(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)).split())
    helped = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert phony - {"bootstrap-build", "bootstrap-test"} == helped
