"""Every query of the alerts and of the dashboard gives data on a server that was really scraped."""

import json
import math
import re

import grpc
import pytest
import yaml

from deployment.prometheus import RULES, scraping
from deployment.servers import Pair, running
from deployment.tools import REPOSITORY, run, tool
from harness.client import Client
from harness.documents import pdf_of_size
from harness.failures import Failure
from harness.ports import free_port

DASHBOARD = REPOSITORY / "deploy" / "monitoring" / "dashboard.json"
RULE_TESTS = REPOSITORY / "tests" / "deploy" / "alerts_test.yaml"
COMPARISON = re.compile(r"^(.+) (?:>|<) ([\d.]+)$", re.DOTALL)
# No test can make the server meet a bug: these codes stand for it, in the same query.
NO_BUG_AT_HAND = ('code=~"INTERNAL|UNKNOWN"', 'code=~"NOT_FOUND"')
QUOTA_BYTES = 200_000


def alerts() -> list:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return group["rules"]


def dashboard_queries() -> list:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]


def one_of_everything(client, store, user: str) -> None:
    """Each operation, and what goes wrong: no quota, no document, lost bytes, no AI service."""
    kept = client.upload(user, "kept.pdf", pdf_of_size(100_000, seed=user))
    gone = client.upload(user, "gone.pdf", pdf_of_size(50_000, seed=user))
    client.download(user, kept.document_id)
    client.list(user)
    client.usage(user)
    client.url(user, kept.document_id)
    client.delete(user, gone.document_id)
    with pytest.raises(grpc.RpcError):
        client.channel.unary_unary("/ai_service.AIService/GenerateContext")(b"", timeout=10)
    with pytest.raises(Failure):
        client.upload(user, "large.pdf", pdf_of_size(QUOTA_BYTES))
    with pytest.raises(Failure):
        client.delete(user, gone.document_id)
    store.lose_object(kept.path)
    with pytest.raises(Failure):
        client.download(user, kept.document_id)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with Pair(tmp_path_factory.mktemp("store"), "satchel_monitoring") as pair:
        pair.make_database()
        yield pair


@pytest.fixture(scope="module")
def server(store, tmp_path_factory):
    """Over a remote store and database and with an AI service, so that no metric is missing."""
    with running(tmp_path_factory.mktemp("server"), store, DEFAULT_USER_QUOTA=QUOTA_BYTES,
                 UPSTREAM_GRPC=f"127.0.0.1:{free_port()}") as running_server:
        yield running_server


@pytest.fixture(scope="module")
def prometheus(store, server, tmp_path_factory):
    """Has scraped the server before, between and after two rounds of traffic."""
    target = server.metrics_url.removeprefix("http://")
    with scraping(target, tmp_path_factory.mktemp("prometheus")) as scraped, \
            Client(server.address) as client:
        for count, user in enumerate(("ada", "bob"), 1):
            one_of_everything(client, store, user)
            scraped.wait_for("documents_delete_total", lambda value: value == count)
        scraped.wait_for("satchel_storage_read_timestamp_seconds", lambda value: value > 0)
        yield scraped


def assert_gives_data(prometheus, query: str) -> None:
    values = prometheus.samples(query)
    assert values, f"no series: {query}"
    assert any(math.isfinite(value) for value in values), f"no number in {values}: {query}"


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_alert_gives_data(prometheus, alert):
    """What is compared has data; whether the comparison holds is the state of the service."""
    found = COMPARISON.match(alert["expr"])
    assert found, "an alert compares one expression with one number"
    assert_gives_data(prometheus, found.group(1).replace(*NO_BUG_AT_HAND))


@pytest.mark.parametrize("title, query", dashboard_queries())
def test_panel_gives_data(prometheus, title, query):
    assert_gives_data(prometheus,
                      query.replace("$job", ".+").replace("$__rate_interval", "1m"))


def exported(server) -> set:
    """The names of all metrics."""
    return set(re.findall(r"^# TYPE (\w+) ", server.prometheus(), re.MULTILINE))


def test_every_metric_is_documented_and_watched(prometheus, server):
    page = (REPOSITORY / "docs" / "operations.md").read_text()
    section = page.split("\n## Metrics\n", 1)[1].split("\n## ", 1)[0]
    documented = set(re.findall(r"`((?:documents|minio|database|satchel)_\w+)`", section))
    names = exported(server)
    assert names - documented == set()
    assert documented - names == set(), "what nobody exports"
    queries = " ".join([query for _, query in dashboard_queries()]
                       + [alert["expr"] for alert in alerts()])
    assert {name for name in names if name not in queries} == set()


def test_a_wrong_name_is_seen(prometheus):
    with pytest.raises(AssertionError, match="no series"):
        assert_gives_data(prometheus, 'sum(rate(documents_uploads_total{job="satchel"}[1m]))')


def test_prometheus_evaluates_every_rule(prometheus):
    names = {alert["alert"] for alert in alerts()}
    prometheus.wait_for('ALERTS{alertname="SatchelDataLoss",alertstate="firing"}', bool)
    rules = prometheus.rules()
    assert {rule["name"] for rule in rules} == names
    assert [rule for rule in rules if rule["health"] != "ok"] == []


def test_rules_fire_when_they_should():
    done = run(tool("promtool"), "test", "rules", RULE_TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("right, wrong", [("> 0.02", "> 0.0001"), ("> 900", "> 90000"),
                                          ("for: 5m", "for: 5d"), ("severity: critical", "a: b")])
def test_a_rule_that_errs_is_seen(tmp_path, right, wrong):
    rules = RULES.read_text()
    assert right in rules
    (tmp_path / "alerts.yaml").write_text(rules.replace(right, wrong))
    copy = tmp_path / "test.yaml"
    copy.write_text(RULE_TESTS.read_text().replace(
        "[../../deploy/monitoring/alerts.yaml]", "[alerts.yaml]"))
    assert run(tool("promtool"), "test", "rules", copy).returncode != 0


def test_every_alert_has_a_runbook():
    page = (REPOSITORY / "docs" / "runbooks.md").read_text()
    for alert in alerts():
        assert f"\n## {alert['alert']}\n" in page
        assert alert["annotations"]["runbook"] == f"docs/runbooks.md#{alert['alert'].lower()}"
    headings = set(re.findall(r"^## (Satchel\w+)$", page, re.MULTILINE))
    assert headings == {alert["alert"] for alert in alerts()}


def test_alert_tests_name_every_alert():
    text = RULE_TESTS.read_text()
    for alert in alerts():
        assert alert["alert"] in text
