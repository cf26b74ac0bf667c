"""The image is built from the Dockerfile, started as an orchestrator starts it, and used."""

import re

import pytest

from deployment.images import Container, build_image, mounted
from deployment.tools import REPOSITORY, output_of, run
from harness.client import Client
from harness.documents import pdf_of_size
from harness.ports import free_port

pytestmark = pytest.mark.timeout(3600)  # the first test builds; on a cold cache that takes minutes

NAME = "localhost/satchel-test"
SIZE_MAX = 180 << 20  # bytes, of the unpacked image with its Debian
MIB = 1 << 20


@pytest.fixture(scope="module")
def image() -> dict:
    return build_image(NAME)


@pytest.fixture(scope="module")
def root(image):
    with mounted(NAME) as folder:
        yield folder


def test_describes_how_it_is_run(image):
    config = image["Docker"]["config"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"]), "numeric, so that it can be checked"
    assert config["Entrypoint"] == ["satchel"] and config["Cmd"] == ["serve"]
    assert config["ExposedPorts"].keys() == {"50051/tcp", "8080/tcp", "9100/tcp"}
    assert config["StopSignal"] == "SIGTERM"
    assert "satchel health" in config["Healthcheck"]["Test"][1]


def test_is_small(root, figure):
    size = int(output_of("du", "-sxb", root).split()[0])
    program = (root / "usr/local/bin/satchel").stat().st_size
    figure("image", f"{size / MIB:.0f} MiB, the program {program / MIB:.1f} MiB of it")
    assert size < SIZE_MAX


def test_holds_no_tools_and_no_sources(root):
    for path in ("usr/bin/g++", "usr/bin/cmake", "usr/bin/git", "src", "cache", "mnt/tmp"):
        assert not (root / path).exists(), path
    assert not list(root.glob("usr/include/*"))


def loaded_libraries(root) -> set:
    listed = output_of("chroot", root, "ldd", "/usr/local/bin/satchel")
    assert "not found" not in listed
    return {line.split(" => ")[1].split()[0] for line in listed.splitlines() if " => " in line}


def named_packages() -> list:
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    last_stage = dockerfile.rsplit("\nFROM ", 1)[1]
    (names,) = re.findall(r"ca-certificates \\\n((?:.+\\\n)+?) && rm", last_stage)
    return names.replace("\\", " ").split()


def test_a_machine_without_images_is_told_of_the_same_packages():
    operations = (REPOSITORY / "docs/operations.md").read_text()
    (told,) = re.findall(r"apt install ca-certificates ((?:.+\\\n)+.+)\n", operations)
    assert told.replace("\\", " ").split() == named_packages()


def test_names_exactly_the_libraries_that_are_loaded(root):
    named = named_packages()
    loaded = {output_of("chroot", root, "realpath", path).strip()
              for path in loaded_libraries(root)}
    for package in named:
        files = output_of("chroot", root, "dpkg", "-L", package).split()
        real = {output_of("chroot", root, "realpath", file).strip()
                for file in files if ".so" in file}
        assert real & loaded, f"{package} is installed for nothing"


def test_brings_terms_and_releases_of_what_is_part_of_the_program(root):
    documents = root / "usr/share/doc"
    for part, name in {"libgrpc": "gRPC", "libprotobuf": "protobuf", "libabsl": "Abseil",
                       "libre2": "RE2", "libc-ares": "c-ares", "nlohmann-json3": "JSON",
                       "libcli11": "CLI11"}.items():
        assert name.lower() in (documents / part / "copyright").read_text().lower(), part
    releases = (documents / "satchel/linked-in").read_text()
    for part in ("libgrpc-dev", "libprotobuf-dev", "libabsl-dev", "libre2-dev", "libc-ares-dev"):
        assert re.search(rf"^{part}(:\S+)?\t\d", releases, re.MULTILINE), part


@pytest.fixture
def container(image, root, tmp_path):
    """Makes a container with the settings given; it is ended when the test is."""
    made = []

    def make(settings) -> Container:
        (tmp_path / "volume").mkdir()
        made.append(Container(image, root, tmp_path / "volume", settings))
        return made[-1]
    yield make
    for each in made:
        each.kill()


def assert_serves(container, address: str) -> None:
    container.start()
    container.wait_healthy(30)
    assert 0 not in container.user_ids()
    with Client(address) as client:
        data = pdf_of_size(3 * MIB)
        stored = client.upload("ada", "thesis.pdf", data)
        assert client.download("ada", stored.document_id).data == data
    assert container.stop(20) == 0
    assert not container.healthy()
    assert "Read-only file system" in container.log.read_text()


def ports() -> dict:
    return {key: str(free_port()) for key in ("PORT", "METRICS_PORT", "HTTP_PORT")}


def test_serves_from_a_read_only_root(container):
    settings = ports()
    assert_serves(container(settings), f"127.0.0.1:{settings['PORT']}")


def test_serves_over_a_remote_store_and_database(container, remote, authority_path, tmp_path):
    """Over TLS, with secrets as text, as Cloud Run gives them."""
    authority = authority_path.read_text()
    settings = {**ports(), **remote.part("satchel_image").environment(),
                "MINIO_CA": authority, "MICROSERVICE_DATABASE_CA": authority}
    assert_serves(container(settings), f"127.0.0.1:{settings['PORT']}")
    assert not list((tmp_path / "volume").iterdir()), "nothing is written outside the back ends"


def test_commands_of_the_image_work_without_a_server(root):
    done = run("chroot", "--userspec=10001:10001", root, "satchel", "version")
    assert done.returncode == 0 and done.stdout.startswith("satchel ")
