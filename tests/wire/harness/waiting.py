"""Waiting for conditions; the suite never sleeps for a guessed time."""

import time

POLL_SECONDS = 0.01


def wait_until(condition, seconds: float, what: str):
    """Returns the first true value of `condition()`; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(POLL_SECONDS)
