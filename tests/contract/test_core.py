"""The core works without the extras, and the walls between packages stand."""

import json
import subprocess
import sys
import textwrap

EXTRAS = [
    "torch",
    "torchvision",
    "onnx",
    "onnxruntime",
    "efficientnet_lite_pytorch",
    "safetensors",
    "matplotlib",
    "starlette",
    "ray",
]


def test_the_core_ingests_freezes_verifies_and_reports_without_any_extra(repositories, tmp_path):
    code = f"""
    import sys
    from pathlib import Path

    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] in {EXTRAS!r}:
                raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

    sys.meta_path.insert(0, Absent())
    import importlib.util
    real = importlib.util.find_spec
    importlib.util.find_spec = lambda name, package=None: None if name.split(".")[0] in {EXTRAS!r} else real(name, package)

    from curate.engines import LocalEngine
    from curate.pipeline import run_project
    from curate.project import load_project
    from curate.terminal import Terminal

    done = run_project(load_project(Path({str(tmp_path / "p.toml")!r})), LocalEngine(1), Terminal(quiet=True))
    assert not set({EXTRAS!r}) & {{m.split(".")[0] for m in sys.modules}}
    print(done["digest"])
    """
    sources = ",".join(f'{{id = "{s}", folder = "{repositories / s}"}}' for s in ("ham10000", "pad_ufes_20"))
    (tmp_path / "p.toml").write_text(f'name = "core"\nsources = [{sources}]\n')
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.strip()) == 64
    info = json.loads((tmp_path / "data_manifests" / "core" / "manifest.json").read_text())
    assert info["extractor"] is None
    assert info["counts"]["edges"]["local"] > 0


def test_importing_has_no_side_effects(tmp_path):
    code = """
    import pkgutil, importlib, os, sys
    before = set(os.listdir("."))
    import curate, train
    for package in (curate, train):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(found.name)
    assert set(os.listdir(".")) == before
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
