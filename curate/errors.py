"""The errors a user sees: what happened, where, and what to do next; each knows its exit code (DESIGN section 9)."""


class CurateError(Exception):
    """Root of all expected failures. `str(error)` is one to three lines for the user, never a traceback.

    Args:
        message: what happened and where (file, row, column, image).
        hint: what to do next; shown on a line of its own.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class InputError(CurateError):
    """What the caller gave cannot be used: an argument, a project file, a folder, a table."""


class MissingExtraError(CurateError):
    """A command needs packages of an extra that is not installed."""


class WorkspaceLockedError(CurateError):
    """Another process is writing to the workspace."""


class NotReadyError(CurateError):
    """A stage was asked for before the stages that it reads have run, or after their rows changed."""


class BrokenInvariantError(CurateError):
    """A frozen manifest fails a check, or a split would leak."""

    exit_code = 3
