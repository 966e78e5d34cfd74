"""What a stage asks of an engine."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """Runs a function on many tasks."""

    def map(
        self, work: Callable[[T], R], tasks: Iterable[T], prepare: Callable[..., None], arguments: tuple[object, ...]
    ) -> Iterator[R]:
        """Yield the results in the order of the tasks.

        `work` and `prepare` are module-level functions; `prepare(*arguments)` runs once in each worker, before its first
        task. The results must not depend on the number of workers.
        """
        ...
