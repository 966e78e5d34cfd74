"""`webdataset`: tar files of pictures and their rows, of which none crosses a split."""

import io
import json
import tarfile
from pathlib import Path

from curate.manifest.export.interface import Export, Format, Item
from curate.manifest.export.rows import described

SHARD_IMAGES = 1000
SHARD_BYTES = 500_000_000


def _write(export: Export) -> dict[str, str]:
    places = {}
    for split in export.splits:
        shard: _Shard | None = None
        number = 0
        for item in export.of(split):
            picture = export.shelf.take(item)
            if shard is None or shard.images == SHARD_IMAGES or shard.bytes + len(picture.content) > SHARD_BYTES:
                if shard is not None:
                    shard.close()
                shard = _Shard(export.folder / f"{split}-{number:06d}.tar")
                number += 1
            shard.add(item.name + picture.suffix, picture.content)
            shard.add(item.name + ".json", _fields(export, item))
            shard.images += 1
            places[item.image_id] = f"{shard.name}/{item.name}{picture.suffix}"
        assert shard is not None  # a split that goes out has images
        shard.close()
    return places


def _fields(export: Export, item: Item) -> bytes:
    fields = {**described(item), "split": item.split, "manifest": export.manifest.digest}
    return json.dumps(fields, sort_keys=True, ensure_ascii=False).encode("utf-8")


class _Shard:
    """A tar file whose bytes depend on its members alone: no owner, no time."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.images = 0
        self.bytes = 0
        self._tar = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed by close()

    def add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)  # mode 0644, owner 0, time 0
        member.size = len(content)
        self._tar.addfile(member, io.BytesIO(content))
        self.bytes += len(content)

    def close(self) -> None:
        self._tar.close()


FORMAT = Format(
    reader="webdataset, and Hugging Face datasets: tar shards, none of which crosses a split",
    how="""Each shard is of one split and holds at most 1,000 pictures, each with its row as JSON beside it (`<key>.jpg` or
`<key>.png`, `<key>.json`), in an order that has nothing to do with labels. `label` is the number of the class in `classes.csv`.

```python
import glob
import webdataset

train = webdataset.WebDataset(sorted(glob.glob("train-*.tar")), shardshuffle=False).decode("pil").to_tuple("jpg;png", "json")
for picture, row in train:
    label, component = row["label"], row["component"]
```
""",
    write=_write,
)
