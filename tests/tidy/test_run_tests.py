"""tools/run-tests must not call a run good that was not: crashes, hangs and empty runs fail."""

import importlib.machinery
import importlib.util
import sys
import time
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "run-tests"


@pytest.fixture(scope="module")
def run_tests():
    loader = importlib.machinery.SourceFileLoader("run_tests", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_tests", loader))
    sys.modules["run_tests"] = module
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def suite(*cases):
    return "<testsuite>" + "".join(cases) + "</testsuite>"


PASSED = '<testcase classname="a" name="passed" status="run"/>'
FAILED = '<testcase classname="a" name="failed"><failure message="no"/></testcase>'
ERROR = '<testcase classname="a" name="error"><error message="no"/></testcase>'
SKIPPED = '<testcase classname="a" name="skipped"><skipped message="why"/></testcase>'
NOT_RUN = '<testcase classname="a" name="x" status="notrun"><skipped message="gone"/></testcase>'


def report_of(run_tests, tmp_path, text, exit_code, seconds_max=10):
    """What is made of a runner that writes `text` as its report and ends with `exit_code`."""
    report = tmp_path / "reports" / "report.xml"
    script = tmp_path / "runner"
    write = f"cat >{report} <<'END'\n{text}\nEND\n" if text is not None else ""
    script.write_text(f"#!/bin/sh\n{write}{exit_code}\n")
    script.chmod(0o755)
    return run_tests.reported("runner", [script], report, seconds_max)


def test_cases_are_counted(run_tests, tmp_path):
    text = suite(PASSED, PASSED, FAILED, ERROR, SKIPPED)
    tally = report_of(run_tests, tmp_path, text, "exit 1")
    assert str(tally) == "2 passed, 2 failed, 1 skipped"
    assert tally.failed == ["a.failed: no", "a.error: no"]
    assert tally.skipped == ["a.skipped: why"]


def failure_of(run_tests, tmp_path, *output):
    """What is told of a program of many tests that printed `output`."""
    text = escape("\n".join(output))
    case = ('<testcase classname="clock_test" name="clock_test" status="fail">'
            f'<failure message=""/><system-out>{text}</system-out></testcase>')
    failed, = report_of(run_tests, tmp_path, suite(PASSED, case), "exit 8").failed
    name, *told = failed.splitlines()
    assert name == "clock_test"
    return [line.strip() for line in told]


FAILURE = ["/src/clock_test.cc:12: Failure", "Expected equality of these values:", "  clock.Now()",
           "    Which is: 3", "  limit", "    Which is: 2", "[not a mark] of the clock"]


def test_what_failed_inside_a_program_of_many_tests_is_told(run_tests, tmp_path):
    told = failure_of(run_tests, tmp_path,
                      "[ RUN      ] Clock.Runs", "[       OK ] Clock.Runs (0 ms)",
                      "[ RUN      ] Clock.Stops", "noise", *FAILURE,
                      "[  FAILED  ] Clock.Stops, where GetParam() = 1 (90 ms)",
                      "[==========] 2 tests from 1 test suite ran. (90 ms total)",
                      "[  FAILED  ] 1 test, listed below:", "[  FAILED  ] Clock.Stops")
    assert told == [*(line.strip() for line in FAILURE),
                    "[  FAILED  ] Clock.Stops, where GetParam() = 1 (90 ms)"]


def test_many_failures_of_one_test_do_not_hide_its_name(run_tests, tmp_path):
    told = failure_of(run_tests, tmp_path, "[ RUN      ] Clock.Stops", *(FAILURE * 20),
                      "[  FAILED  ] Clock.Stops (1 ms)", "[ RUN      ] Clock.Rings", *FAILURE,
                      "[  FAILED  ] Clock.Rings (2 ms)", "[=====] the end")
    assert "[  FAILED  ] Clock.Stops (1 ms)" in told
    assert told[-1] == "[  FAILED  ] Clock.Rings (2 ms)"
    assert len(told) < 40


def test_the_test_that_a_program_ended_inside_is_told(run_tests, tmp_path):
    told = failure_of(run_tests, tmp_path, "[ RUN      ] Clock.Runs",
                      "[       OK ] Clock.Runs (0 ms)", "[ RUN      ] Clock.Stops",
                      "terminate called after throwing an instance of 'Alarm'")
    assert told[0] == "ended inside Clock.Stops, of which the last lines:"
    assert told[-1] == "terminate called after throwing an instance of 'Alarm'"


@pytest.mark.parametrize("text, ending", [
    (suite(PASSED), "exit 3"),
    (suite(PASSED), "kill -SEGV $$"),
    (suite(PASSED, NOT_RUN), "exit 0"),
    (suite(), "exit 0"),
    (suite(SKIPPED), "exit 0"),
    (None, "exit 0"),
    ("<testsuite>", "exit 0"),
])
def test_a_run_that_proves_nothing_fails(run_tests, tmp_path, text, ending):
    assert report_of(run_tests, tmp_path, text, ending).failed


def test_a_run_that_hangs_fails(run_tests, tmp_path):
    tally = report_of(run_tests, tmp_path, suite(PASSED), "exec sleep 60", seconds_max=0.2)
    assert any("still ran" in name for name in tally.failed)


def test_an_old_report_is_not_counted(run_tests, tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "report.xml").write_text(suite(PASSED))
    assert report_of(run_tests, tmp_path, None, "exit 0").failed


def test_a_single_command_is_one_test(run_tests):
    assert str(run_tests.single("ok", ["true"], 10)) == "1 passed, 0 failed, 0 skipped"
    assert str(run_tests.single("bad", ["false"], 10)) == "0 passed, 1 failed, 0 skipped"


def test_a_failed_command_tells_its_last_lines_again(run_tests, capfd):
    script = "for i in $(seq 100); do echo line $i; done; echo why >&2; exit 3"
    failed, = run_tests.single("bad", ["sh", "-c", script], 10).failed
    shown = capfd.readouterr().out
    assert "line 1\n" in shown and "why\n" in shown
    assert failed.splitlines()[0] == "bad (3), of which the last lines:"
    assert [line.strip() for line in failed.splitlines()[-2:]] == ["line 100", "why"]
    assert "line 50" not in failed


def test_what_a_command_leaves_behind_is_not_waited_for(run_tests, monkeypatch):
    monkeypatch.setattr(run_tests, "PIPE_SECONDS_MAX", 0.2)
    started = time.monotonic()
    assert run_tests.single("ok", ["setsid", "--fork", "sleep", "20"], 10).passed == 1
    assert time.monotonic() - started < 10
