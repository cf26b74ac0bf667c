"""The circuit breakers of a server, as its metrics show them."""

from prometheus_client.parser import text_string_to_metric_families

from harness.waiting import wait_until

CLOSED, OPEN = 0, 2
RECOVERY_SECONDS = 5


def breaker_state(server, dependency: str) -> int:
    families = text_string_to_metric_families(server.prometheus())
    (state,) = (sample.value for family in families for sample in family.samples
                if sample.name == "satchel_breaker_state"
                and sample.labels == {"dependency": dependency})
    return state


def wait_recovered(server) -> None:
    """Nobody calls: the breakers find out by themselves that all is there again."""
    for dependency in ("object_store", "database"):
        wait_until(lambda name=dependency: breaker_state(server, name) == CLOSED,
                   RECOVERY_SECONDS, f"the breaker of the {dependency} closes")
