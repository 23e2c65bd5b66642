"""Several processes that serve one port: a supervisor starts them, replaces those that die, and ends them all."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

from specimen.mockserver.errors import SettingError
from specimen.specs.cli.console import INTERNAL_ERROR
from specimen.specs.core.listening import listen

logger = logging.getLogger("specimen")

_STOP = (signal.SIGINT, signal.SIGTERM)
# After the request to stop, uvicorn waits three seconds for open exchanges.
_GRACE_SECONDS = 6.0
# A worker that lived for less is not replaced at once: what ended it may end the next one too.
_SHORT_LIFE_SECONDS = 1.0
_LOOK_SECONDS = 0.5

Serve = Callable[[socket.socket, Callable[[], None]], None]


def sockets(host: str, port: int, count: int) -> list[socket.socket]:
    """Listening sockets of one port: one for each worker where the system spreads connections over them (Linux), else the same.

    Each worker's own queue spreads connections evenly; with one queue the worker that wakes first takes all that wait in it. The
    supervisor keeps the sockets, so what waits in the queue of a worker that dies is answered by the one that replaces it.

    Raises:
        AddressError: the address cannot be listened on, also where other workers listen there.
    """
    first = listen(host, port)  # refuses a port that is taken, which the option below would share
    if not sys.platform.startswith("linux"):
        return [first] * count
    host, port = first.getsockname()[:2]
    family = first.family
    first.close()
    found = []
    for _ in range(count):
        own = socket.socket(family, socket.SOCK_STREAM)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        own.bind((host, port))
        found.append(own)
    for own in found:
        own.listen(2048)
    return found


class _Worker:
    """A process that serves, from the supervisor's side."""

    def __init__(self, pid: int, ready: int) -> None:
        self.pid = pid
        self.ready = ready  # the end of a pipe on which it says that it answers
        self.is_ready = False
        self.began = time.monotonic()


class Supervisor:
    """Runs `serve` in one process for each socket, until it is asked to stop.

    `started` is called once, when all answer.
    """

    def __init__(self, listening: list[socket.socket], serve: Serve, started: Callable[[], None]) -> None:
        if not hasattr(os, "fork"):
            raise SettingError("--workers: this system cannot fork processes. Start several servers on ports of their own.")
        self._listening = listening
        self._serve = serve
        self._started = started
        self._workers: dict[int, _Worker] = {}  # by the number of the socket
        self._waiting: dict[int, float] = {}  # numbers whose worker is to be replaced, and from when on
        self._asked: int | None = None
        self._is_up = False
        self._failed = INTERNAL_ERROR  # the exit code of the worker that could not start

    def run(self) -> int:
        """Serves; returns 0 where it was asked to stop, else the exit code of the worker that could not start.

        Raises:
            KeyboardInterrupt: Ctrl-C asked it to.
        """
        # Workers end when this end of the pipe is closed, however the supervisor ends.
        life, self._life = os.pipe()
        with self._signals() as woken:
            for number in range(len(self._listening)):
                self._start(number, life)
            while self._asked is None and self._look(woken, life):
                pass
            failed = self._asked is None
            self._stop()
        if self._asked == signal.SIGINT:
            raise KeyboardInterrupt
        return self._failed if failed else 0

    @contextlib.contextmanager
    def _signals(self) -> Iterator[int]:
        """Notes a request to stop, and wakes `select`, while the context lasts."""
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        before = {name: signal.signal(name, self._note) for name in _STOP}
        wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        try:
            yield reading
        finally:
            signal.set_wakeup_fd(wakeup)
            for name, handler in before.items():
                signal.signal(name, handler)
            os.close(reading)
            os.close(writing)

    def _note(self, number: int, _: object) -> None:
        self._asked = self._asked or number

    def _start(self, number: int, life: int) -> None:
        ready, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ready)
            os.close(self._life)
            self._work(number, life, writing)
        os.close(writing)
        self._workers[number] = _Worker(pid, ready)

    def _work(self, number: int, life: int, ready: int) -> NoReturn:
        """The worker's own life, which ends here."""
        code = INTERNAL_ERROR
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            threading.Thread(target=_end_with, args=(life,), name="specimen-supervisor", daemon=True).start()
            self._serve(self._listening[number], lambda: _say(ready))
            code = 0
        except KeyboardInterrupt:
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else INTERNAL_ERROR
        except BaseException:  # the process ends here; what is raised would run the supervisor's code
            logger.exception("a worker failed; this is a bug in Specimen")
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _look(self, woken: int, life: int) -> bool:
        """Waits a moment; sees who is ready and who has died; returns whether to go on."""
        pipes = {worker.ready: worker for worker in self._workers.values() if not worker.is_ready}
        readable = select.select([woken, *pipes], [], [], _LOOK_SECONDS)[0]
        if woken in readable:
            os.read(woken, 4096)
        for pipe in readable:
            if pipe in pipes and os.read(pipe, 1):
                pipes[pipe].is_ready = True
        if not self._is_up and len(self._workers) == len(self._listening) and all(w.is_ready for w in self._workers.values()):
            self._is_up = True
            self._started()
        for number, worker in list(self._workers.items()):
            ended = _exit_code(worker.pid)
            if ended is None:
                continue
            os.close(worker.ready)
            del self._workers[number]
            if self._asked is None and not self._is_up:  # it could not start, and has said why
                self._failed = ended if ended > 0 else INTERNAL_ERROR  # negative: a signal ended it
                return False
            lived = time.monotonic() - worker.began
            self._waiting[number] = time.monotonic() + (_SHORT_LIFE_SECONDS if lived < _SHORT_LIFE_SECONDS else 0)
            if self._asked is None:
                logger.warning("worker %d has ended (%s); another one takes its place", worker.pid, _reason(ended))
        for number, at in list(self._waiting.items()):
            if self._asked is None and time.monotonic() >= at:
                del self._waiting[number]
                self._start(number, life)
        return True

    def _stop(self) -> None:
        deadline = time.monotonic() + _GRACE_SECONDS
        left = {worker.pid for worker in self._workers.values()}
        for pid in left:
            os.kill(pid, signal.SIGTERM)
        while left and time.monotonic() < deadline:
            left = {pid for pid in left if _exit_code(pid) is None}
            time.sleep(0.02)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(self._life)


def _say(ready: int) -> None:
    os.write(ready, b"1")
    os.close(ready)


def _exit_code(pid: int) -> int | None:
    """The exit code of a process that has ended, None where it has not; that of a signal is negative."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _reason(code: int) -> str:
    """What `_exit_code` gives, in words: `SIGKILL`, or `exit code 4`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # one without a name
        return f"signal {-code}"


def _end_with(life: int) -> None:
    """Asks this process to stop when the supervisor is no more."""
    os.read(life, 1)
    os.kill(os.getpid(), signal.SIGTERM)
