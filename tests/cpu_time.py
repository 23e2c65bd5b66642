"""Tells at the end of a run of tests what it cost: the CPU time of its processes and of all that they started."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "win32":
    import resource

    def cpu_seconds() -> float:
        """User and system time of this process and of the processes that it has waited for, theirs included."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
        """One line; workers of xdist have ended by then and are counted like other processes."""
        minutes = cpu_seconds() / 60
        terminalreporter.write_line(f"{minutes:.2f} CPU-minutes, with workers and all that the tests started")
