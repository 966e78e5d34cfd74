"""What the workers are told, and what stays behind."""

import os

from curate.engines import LocalEngine
from curate.engines.local import ONE_THREAD


def setting(name):
    return os.environ.get(name)


def nothing():
    pass


def test_workers_have_one_thread_each_and_this_process_keeps_its_own_setting(monkeypatch):
    for name in ONE_THREAD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(ONE_THREAD[0], "3")
    assert list(LocalEngine(2).map(setting, ONE_THREAD, nothing, ())) == ["3", "1", "1"]
    assert [os.environ.get(name) for name in ONE_THREAD] == ["3", None, None]
