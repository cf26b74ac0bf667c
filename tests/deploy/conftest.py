"""What is measured on the way is told at the end of the run."""

import pytest

from deployment.servers import Pair
from harness.certificates import Authority

FIGURES = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[FIGURES] = []


@pytest.fixture(scope="session")
def authority_path(tmp_path_factory):
    """The certificate of the authority that `remote` is trusted by."""
    return tmp_path_factory.mktemp("authority") / "ca.pem"


@pytest.fixture(scope="session")
def remote(authority_path, tmp_path_factory):
    """A MinIO and a MariaDB that speak TLS."""
    authority = Authority("deployment tests")
    authority_path.write_bytes(authority.certificate)
    certificates = authority.issue("store"), authority.issue("database")
    with Pair(tmp_path_factory.mktemp("remote"), "satchel_unused", certificates=certificates,
              ca=authority_path) as pair:
        yield pair


@pytest.fixture
def figure(request, record_property):
    """Reports a figure: on the terminal when all is done, and in the report's file."""
    def report(name: str, value: str) -> None:
        record_property(name, value)
        request.config.stash[FIGURES].append(f"{name}: {value}")
    return report


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash[FIGURES]:
        terminalreporter.write_line(line)
