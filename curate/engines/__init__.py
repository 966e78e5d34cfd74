"""Where work on many items runs: on this machine, or (later) on a Ray cluster, behind one small interface."""

from curate.engines.interface import Engine
from curate.engines.local import LocalEngine, default_workers

__all__ = ["Engine", "LocalEngine", "default_workers"]
