"""Time and peak memory of a stage, workers included."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.1  # seconds between two looks


@dataclass
class Measured:
    """Wall time in seconds; peak of the resident memory of this process and all below it, in MiB (None where unknown)."""

    seconds: float = 0.0
    peak_mib: int | None = None


@contextlib.contextmanager
def measured() -> Iterator[Measured]:
    """Measure what happens inside. Memory that processes share is counted in each."""
    result = Measured()
    over = threading.Event()
    peak = 0

    def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, _resident())
            if over.wait(EVERY):
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    begun = time.perf_counter()
    try:
        yield result
    finally:
        result.seconds = round(time.perf_counter() - begun, 2)
        over.set()
        watcher.join()
        result.peak_mib = round(peak / 2**20) or None


def _resident() -> int:
    """Return the bytes that this process and all its descendants hold, by Linux's /proc; elsewhere this process's peak."""
    if not Path("/proc/self/statm").exists():
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    waiting = [os.getpid()]
    while waiting:
        process = Path("/proc") / str(waiting.pop())
        with contextlib.suppress(OSError, ValueError, IndexError):  # it may have ended meanwhile
            total += int((process / "statm").read_text().split()[1]) * page
            for task in (process / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
    return total
