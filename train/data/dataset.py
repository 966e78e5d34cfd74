"""A split as a torch data set."""

import io
import random
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from curate.manifest.pictures import Pictures
from train.data.augment import augmented, central, upright_rgb
from train.data.rows import Row


class SplitImages(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """Pictures as float32 tensors of shape (3, side, side) with values of -1 to 1, and their targets.

    An item is asked for by (position, draw): the number `draw` fixes the augmentation, so that an item does not depend on
    which worker makes it or when. With `augment` off, the central view is given.
    """

    def __init__(self, rows: Sequence[Row], pictures: Pictures, side: int, *, augment: bool) -> None:
        self._rows = rows
        self._pictures = pictures
        self._side = side
        self._augment = augment

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, asked: int | tuple[int, int]) -> tuple[torch.Tensor, int]:
        """Return the tensor and the target of one item."""
        position, draw = asked if isinstance(asked, tuple) else (asked, 0)
        row = self._rows[position]
        with Image.open(io.BytesIO(self._pictures.read(row.source, row.path))) as file:
            picture = upright_rgb(file)
        square = augmented(picture, self._side, random.Random(draw)) if self._augment else central(picture, self._side)
        pixels = np.asarray(square, dtype=np.float32) / np.float32(127.5) - np.float32(1)
        return torch.from_numpy(pixels.transpose(2, 0, 1).copy()), row.target
