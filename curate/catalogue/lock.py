"""One writer at a time: an advisory lock on a file that also says who holds it."""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from curate.errors import WorkspaceLockedError

LOCK_NAME = "writer.lock"


@contextlib.contextmanager
def writer_lock(workspace: Path, command: str) -> Iterator[None]:
    """Hold the workspace's writer lock.

    The kernel drops the lock when its process dies, however it dies, so a lock is never stale; the file's text only tells
    the next one who holds it.

    Raises:
        WorkspaceLockedError: another process holds the lock; the message names host, process, start time and command.
    """
    path = workspace / LOCK_NAME
    with path.open("a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.seek(0)
            raise WorkspaceLockedError(
                f"The workspace {workspace} is being written by {_holder(handle.read())}.",
                "Wait for it to end, or give this command another folder with --workspace.",
            ) from error
        handle.seek(0)
        handle.truncate()
        json.dump(
            {
                "host": socket.gethostname(),
                "process": os.getpid(),
                "since": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": command,
            },
            handle,
        )
        handle.flush()
        yield


def _holder(text: str) -> str:
    try:
        held = json.loads(text)
        return f"process {held['process']} on {held['host']} since {held['since']} ({held['command']})"
    except (ValueError, KeyError, TypeError):
        return "another process"
