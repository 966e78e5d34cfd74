"""Processes on this machine."""

import contextlib
import itertools
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # a process per processor, one thread each
CHUNK = 8  # tasks per message: a picture takes 10 to 30 ms, a message well under one
AHEAD = 4  # chunks per worker that may wait, so that memory stays bounded


def default_workers() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LocalEngine:
    """Runs tasks in spawned processes, or in this one when there is a single worker."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(
        self, work: Callable[[T], R], tasks: Iterable[T], prepare: Callable[..., None], arguments: tuple[object, ...]
    ) -> Iterator[R]:
        """Yield the results in the order of the tasks (see `Engine.map`)."""
        if self.workers == 1:
            prepare(*arguments)
            yield from map(work, tasks)
            return
        # Spawned, not forked: DuckDB and FAISS keep threads, and a forked copy of a thread's lock is never released.
        with (
            _one_thread_each(),
            ProcessPoolExecutor(
                self.workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(os.getpid(), prepare, arguments)
            ) as pool,
        ):
            waiting: deque[Future[list[R]]] = deque()
            try:
                for chunk in _batched(tasks, CHUNK):
                    waiting.append(pool.submit(_work_on, work, list(chunk)))
                    if len(waiting) > self.workers * AHEAD:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let libraries in workers started meanwhile use one thread; this process, which may load them later, keeps its setting."""
    added = {name: "1" for name in ONE_THREAD if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _batched(tasks: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    iterator = iter(tasks)
    while chunk := tuple(itertools.islice(iterator, size)):
        yield chunk


def _work_on(work: Callable[[T], R], chunk: list[T]) -> list[R]:
    return [work(task) for task in chunk]


def _start_worker(parent: int, prepare: Callable[..., None], arguments: tuple[object, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides what happens
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    prepare(*arguments)


def _end_with_parent(parent: int) -> None:
    """Leave when the parent is gone, so that a killed run leaves no process behind."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
