"""The request log as a list: what it keeps, in which order, and which numbers it has."""

from __future__ import annotations

import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specimen.mockserver.sessions.request_log import log as request_log
from specimen.mockserver.sessions.request_log.log import TOGETHER, RequestLog

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("ab"), st.integers(1, 3)),
        st.tuples(st.just("small"), st.sampled_from("ab"), st.integers(1, 3)),
        st.tuples(st.just("clear"), st.sampled_from("ab"), st.just(0)),
        st.tuples(st.just("read"), st.sampled_from("ab"), st.integers(0, 12)),
    ),
    max_size=40,
)


def _untimed(namespace: str, size: int) -> tuple[Any, ...]:
    return (namespace, "kayle", "GET", "/", b"", {}, b"", "getSession", 200, "", b"", None, None, None, size)


def _add_small(log: RequestLog, number: int, untimed: tuple[Any, ...]) -> None:
    log.new += (untimed, number, float(number), number + 0.5)
    if len(log.new) >= TOGETHER:
        log.settle()


@given(steps=STEPS, most=st.integers(1, 9), most_bytes=st.integers(3, 12), together=st.sampled_from([4, 12, 40]))
def test_log__is_the_list_of_the_latest(steps: list[tuple[str, str, int]], most: int, most_bytes: int, together: int) -> None:
    """Small exchanges, which are added together, are seen at once, with their own times and numbers; clearing makes room."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request_log, "MOST_BODY_BYTES", most_bytes)
        patch.setattr(request_log, "_MOST_PAST", 2)
        log, expected, added = RequestLog(most), [], 0
        for step, namespace, number in steps:
            if step == "clear":
                log.clear(namespace)
                expected = [entry for entry in expected if entry[1] != namespace]
            elif step == "read":
                mine = [entry[0] for entry in expected if entry[1] == namespace and entry[0] > number]
                assert [found for found, _ in log.exchanges(namespace, number)] == mine
                assert [found for found, _ in log.newest(namespace, number, 3)] == mine[-3:]
            else:
                added += 1
                if step == "small":
                    log.new += (_untimed(namespace, number), added, float(added), added + 0.5)
                    if len(log.new) >= together:
                        log.settle()
                else:
                    log.add(_untimed(namespace, number), added, float(added), added + 0.5)
                expected.append((added, namespace, number))
                while len(expected) > most or sum(entry[2] for entry in expected) > most_bytes:
                    expected.pop(0)
            assert log.added == added
        kept = log.since(0)
        assert [(one.at, one.namespace, one.size) for one in kept] == expected
        assert all((one.began, one.ended) == (one.at, one.at + 0.5) for one in kept)


def _poll(status: str, body: Any = None) -> tuple[Any, ...]:
    body = b'{"status":"%b"}' % status.encode() + b" " * 4_000 if body is None else body
    return ("a", "kayle", "GET", "/", b"", {"accept": "*/*"}, b"", "getSession", 200, "", body, None, None, None, 4_000)


def test_log__keeps_a_poll_that_is_answered_as_before_once() -> None:
    """Also where each exchange is made anew; another answer in between is kept where it came."""
    log = RequestLog(100_000)
    tracemalloc.start()
    try:
        for number in range(2_000):
            log.add(_poll("started" if number < 1_000 else "ended"), number, number, number)
        log.settle()
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
    assert [one.body[:18] for one in log.since(0)] == [b'{"status":"started'] * 1_000 + [b'{"status":"ended"}'] * 1_000
    assert [one.at for one in log.since(0)] == list(range(2_000))


def test_log__keeps_values_apart_that_only_compare_equal() -> None:
    """JSON has 1, 1.0 and true, which are equal in Python."""
    log, bodies = RequestLog(10), [{"a": 1}, {"a": True}, {"a": 1.0}]
    for body in bodies:
        log.add(_poll("", body), 0, 0, 0)
    assert [repr(one.body) for one in log.since(0)] == [repr(body) for body in bodies]


def test_log__is_read_while_another_thread_adds() -> None:
    """Nothing is lost or counted twice."""
    log, count, seen = RequestLog(100_000), 20_000, []

    def adds() -> None:
        same = _untimed("a", 1)
        for number in range(1, count + 1):
            _add_small(log, number, same)

    thread = threading.Thread(target=adds)
    thread.start()
    while thread.is_alive():
        seen.append([number for number, _ in log.newest("a", 0, 5)])
    thread.join()
    assert [(number, one.at) for number, one in log.exchanges("a")] == [(number, number) for number in range(1, count + 1)]
    assert all(numbers == sorted(numbers) for numbers in seen)
