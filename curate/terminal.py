"""What the two programs share at the terminal: results on stdout, all else on stderr, exit codes, signals."""

import contextlib
import json
import os
import platform
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from curate.errors import CurateError

STOPS = {signal.SIGINT: 130, signal.SIGTERM: 143}
LINES = 10  # plain progress lines per stage where no terminal is


class Stopped(SystemExit):
    """A signal asked the program to end; what was committed is kept."""


class Terminal:
    """Where a command speaks.

    Attributes:
        as_json: whether the result is printed as one JSON object.
        quiet: whether progress and messages are left out.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def say(self, message: str) -> None:
        """Write a message to stderr."""
        if not self.quiet:
            sys.stderr.write(message + "\n")
            sys.stderr.flush()

    def result(self, content: dict[str, Any], lines: Iterable[str]) -> None:
        """Write the result to stdout: the object, or the lines for people."""
        text = json.dumps(content, indent=1, ensure_ascii=False, default=str) if self.as_json else "\n".join(lines)
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has what it wanted and is gone; nothing is left to be flushed at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    @contextlib.contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """Yield a function to call with (done, all): a bar on a terminal, some plain lines elsewhere."""
        if self.quiet:
            yield lambda _done, _total: None
        elif sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task(label, total=None)
                yield lambda done, total: bar.update(task, completed=done, total=total)
        else:
            written = 0

            def plain(done: int, total: int) -> None:
                nonlocal written
                if total and done * LINES // total > written:
                    written = done * LINES // total
                    self.say(f"{label}: {done} of {total}")

            yield plain


def run_program(program: Callable[[], Any]) -> None:
    """Run a command line program to its exit code: 0, 1 our fault, 2 the caller's, 3 an invariant, 130 and 143 by signal."""
    for number in STOPS:
        signal.signal(number, _stop)
    try:
        program()
    except Stopped as stop:
        with contextlib.suppress(OSError):
            sys.stderr.write("Stopped; what was committed is kept, and the same command goes on from there.\n")
        raise SystemExit(stop.code) from None
    except CurateError as error:
        _fail(error.message, error.hint, error.exit_code)
    except MemoryError:
        _fail("There is not enough memory.", "Lower --workers or --batch-size.", 2)
    except OSError as error:
        _fail(f"{error.filename or 'A file'}: {error.strerror or error}.", "Check the path, the rights and the space left.", 2)
    except Exception as error:  # noqa: BLE001 - the last resort: a log instead of a traceback
        _fail(
            f"dermcurate failed: {type(error).__name__}. This is a defect of ours.",
            f"Please report it with {_crash_log(error)}; it holds no names of pictures or patients.",
            1,
        )


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(STOPS[signal.Signals(number)])


def _fail(message: str, hint: str, code: int) -> None:
    sys.stderr.write("".join(f"{line}\n" for line in (message, hint) if line))
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps({"ok": False, "error": message, "hint": hint, "exit_code": code}) + "\n")
    raise SystemExit(code)


def _crash_log(error: BaseException) -> Path:
    """Write where it failed (modules, lines, kinds of error; no messages, which may name pictures) and return the file."""
    from importlib.metadata import version

    lines = [f"dermcurate {version('dermcurate')}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"]
    cause: BaseException | None = error
    while cause is not None:
        lines.append(f"{type(cause).__module__}.{type(cause).__name__}")
        lines += [
            f"  {Path(f.filename).parent.name}/{Path(f.filename).name}:{f.lineno} {f.name}"
            for f in traceback.extract_tb(cause.__traceback__)
        ]
        cause = cause.__cause__ or cause.__context__
    handle, name = tempfile.mkstemp(prefix="dermcurate-crash-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as log:
        log.write("\n".join(lines) + "\n")
    return Path(name)
