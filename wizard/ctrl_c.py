"""Ctrl+c, from the first moment on: what runs ends within seconds, with a word on stderr and exit code 130.

While modules load, a KeyboardInterrupt may rise where Python swallows it, so there the process ends at once. Work is
done in a thread, so that the main one hears ctrl+c at any time; the thread is told by an event, and left behind where
it does not end in time.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from time import monotonic
from typing import Any, TypeVar

STOPPED = 130
WITHIN_S = 5.0
"""Seconds that a solve may take to tell its best plan once stopped."""
SOON_S = 1.0
"""The same of work without which there is something to tell, or nothing."""
LOOK_S = 0.1
T = TypeVar("T")


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """Within, ctrl+c ends the process; nothing changes where it is ignored, as in a job in the background."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _leave(*_: Any) -> None:
    with suppress(OSError):
        os.write(2, b"wizard: stopped\n")
    end(STOPPED)


def end(code: int) -> None:
    """End the process without waiting for a thread, or a process, that still works."""
    try:
        _kill_children()
        sys.stdout.flush()
    finally:  # whatever was raised: stdout may be closed, or in the middle of another flush
        os._exit(code)


def _kill_children() -> None:
    """End the processes that solve for this one; they hold nothing that is worth keeping."""
    if "multiprocessing" in sys.modules:
        for child in sys.modules["multiprocessing"].active_children():
            with suppress(OSError):
                os.kill(child.pid, signal.SIGKILL)  # those of joblib have no method for it


def in_a_thread(work: Callable[[threading.Event], T], within_s: float = WITHIN_S) -> tuple[T, bool]:
    """Work in a thread; ctrl+c sets the event, and a second one leaves at once. Also whether ctrl+c was heard.

    KeyboardInterrupt where the work has not ended so many seconds after ctrl+c, or cannot go on without its processes.
    """
    stop, done = threading.Event(), threading.Event()
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work(stop))
        except BaseException as error:
            failure.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True, name="work").start()
    _wait(done, stop, within_s)
    if failure:
        raise KeyboardInterrupt if stop.is_set() and _without_processes(failure[0]) else failure[0]
    return result[0], stop.is_set()


def processes_unheard() -> None:
    """Keep ctrl+c, which a terminal sends to all, from the processes that joblib starts in this thread."""
    from multiprocessing.resource_tracker import ensure_running

    ensure_running()  # else it is started with the first of them, and unblocks what is blocked here
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _wait(done: threading.Event, stop: threading.Event, within_s: float) -> None:
    from wizard.exits import say  # not before ctrl+c is minded: it loads for as long as all else here

    until = inf
    # Not Thread.join: in Python 3.11 a ctrl+c inside it marks the running thread as ended.
    while not done.is_set():
        try:
            done.wait(LOOK_S)
        except KeyboardInterrupt:
            if stop.is_set():
                end(STOPPED)
            until = monotonic() + within_s
            stop.set()
            _kill_children()
            say(f"wizard: stopping, at most {within_s:g} s; ctrl+c again leaves at once")
        if monotonic() > until:
            raise KeyboardInterrupt


def _without_processes(error: BaseException) -> bool:
    from concurrent.futures.process import BrokenProcessPool

    return isinstance(error, BrokenProcessPool)
