"""Inception v3 with one output for each training class."""

import hashlib
from pathlib import Path

import torch

from curate.errors import InputError
from train.model.torchvision_import import torchvision

HEADS = ("fc.", "AuxLogits.fc.")  # the last layers, always newly drawn


def build(classes: int, *, dropout: float, auxiliary: bool, seed: int, weights: Path | None = None) -> torch.nn.Module:
    """Return the network.

    Args:
        classes: outputs.
        dropout: share of the last features that is dropped in training.
        auxiliary: whether it has the second head, which needs pictures of about 299 pixels.
        seed: of the random weights.
        weights: a state dict of Inception v3 (.pth, .pt or .safetensors), as torchvision names its tensors; its last layers
            are left out. None: all weights are random.

    Raises:
        InputError: the file is missing or holds something else.
    """
    torch.manual_seed(seed)
    network: torch.nn.Module = torchvision().models.inception_v3(
        weights=None, num_classes=classes, aux_logits=auxiliary, transform_input=False, init_weights=True, dropout=dropout
    )
    if weights is not None:
        _load_body(network, weights)
    return network


def _load_body(network: torch.nn.Module, path: Path) -> None:
    if not path.is_file():
        raise InputError(f"There is no file with weights at {path}.", "Give a state dict of torchvision's Inception v3.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        body = {name: tensor for name, tensor in state.items() if not name.startswith(HEADS)}
        missing, unexpected = network.load_state_dict(body, strict=False)
        unexpected = [name for name in unexpected if not name.startswith("AuxLogits.")]  # a network without the second head
    except Exception as error:
        raise InputError(f"{path} is no state dict of Inception v3: {type(error).__name__}.") from error
    wanting = [name for name in missing if not name.startswith(HEADS) and not name.endswith("num_batches_tracked")]
    if wanting or unexpected:
        raise InputError(f"{path} is no state dict of Inception v3: {(wanting or unexpected)[0]} does not fit.")


def weights_digest(path: Path | None) -> str | None:
    """Return the sha256 of a file with weights."""
    if path is None:
        return None
    if not path.is_file():
        raise InputError(f"There is no file with weights at {path}.", "Give a state dict of torchvision's Inception v3.")
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
