"""The only place where torchvision is imported.

A torchvision wheel built for CUDA cannot load its compiled operators beside a CPU build of torch, and its import then fails
with `operator torchvision::nms does not exist`, although nothing that is used here (network definitions in Python) needs
them. Where that happens, the operator that the error names is declared, without an implementation, and the import tried
again. Where torchvision imports as it should, nothing is changed.
"""

import importlib
import re
import sys
from types import ModuleType
from typing import Any

MISSING = re.compile(r"operator torchvision::(\w+) does not exist")
ATTEMPTS = 20  # operators that may be missing
_declared: list[Any] = []  # torch forgets a declaration whose library object is collected


def torchvision() -> ModuleType:
    """Return the module torchvision.

    Raises:
        RuntimeError: its import fails for another reason.
    """
    import torch

    for _ in range(ATTEMPTS):
        try:
            return importlib.import_module("torchvision")
        except RuntimeError as error:
            found = MISSING.search(str(error))
            if found is None:
                raise
            for name in [m for m in sys.modules if m == "torchvision" or m.startswith("torchvision.")]:
                del sys.modules[name]
            library = torch.library.Library("torchvision", "FRAGMENT")
            library.define(f"{found.group(1)}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _declared.append(library)
    raise RuntimeError("torchvision asks for ever more compiled operators; install the build that matches torch")
