"""torchvision is imported where it can be, and helped where its compiled operators do not load."""

import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)


def test_it_gives_the_network_either_way():
    done = run("""
        from train.model.torchvision_import import torchvision
        network = torchvision().models.inception_v3(weights=None, init_weights=False)
        print(sum(p.numel() for p in network.parameters()))
    """)
    assert done.stdout.strip() == "27161264", done.stderr


FAKE = """
    import importlib, sys, types
    import torch
    from train.model import torchvision_import
    calls = []
    def fake(name):
        calls.append(name)
        if len(calls) <= {failures}:
            sys.modules["torchvision.half"] = types.ModuleType("torchvision.half")
            raise RuntimeError({message})
        return types.ModuleType("torchvision")
    torchvision_import.importlib = types.SimpleNamespace(import_module=fake)
"""


def test_it_does_nothing_where_the_import_works():
    done = run(
        FAKE.format(failures=0, message="''")
        + "    torchvision_import.torchvision(); print(len(calls), torchvision_import._declared)"
    )
    assert done.stdout.strip() == "1 []", done.stderr


def test_it_declares_each_operator_that_an_error_names():
    code = FAKE.format(failures=2, message="f'operator torchvision::made_up_{len(calls)} does not exist'")
    code += """
    torchvision_import.torchvision()
    made = [hasattr(torch.ops.torchvision, f"made_up_{n}") for n in (1, 2)]
    print(len(calls), *made, "torchvision.half" in sys.modules)
    """
    assert run(code).stdout.strip() == "3 True True False"


def test_another_error_is_not_swallowed():
    done = run(FAKE.format(failures=9, message="'libcudart is missing'") + "    torchvision_import.torchvision()")
    assert "libcudart is missing" in done.stderr
