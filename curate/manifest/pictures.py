"""Finding the pictures that a manifest speaks of, and whether they are still the same."""

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from curate.errors import InputError
from curate.files import is_there, read_bytes

FOLDERS_NAME = "folders.json"  # written by the catalogue into its workspace

BATCH = 64  # pictures that a thread hashes at a time
AHEAD = 4  # batches in wait for each thread
ARCHIVES = threading.Lock()  # a member is read from a handle that all threads share


@dataclass(frozen=True)
class Slice:
    """One of some slices of the pictures, by a hash of their ids: whoever goes through all numbers has read every picture once.

    Attributes:
        number: which, from 1 on.
        of: how many there are.
    """

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Slice":
        """Return what `3/12` says.

        Raises:
            InputError: it is not two whole numbers, the first from 1 to the second.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise InputError(f"--subset {text}: not a slice.", "Say which of how many, such as 3/12.")
        return cls(int(found[1]), int(found[2]))

    def holds(self, image_id: str) -> bool:
        """Say whether a picture is in this slice."""
        return int.from_bytes(hashlib.sha256(image_id.encode("utf-8")).digest()[:8], "big") % self.of == self.number - 1


@dataclass(frozen=True)
class Pictures:
    """Where the pictures of each source lie."""

    folders: dict[str, Path]

    @classmethod
    def find(cls, sources: Iterable[str], options: Sequence[str], workspace: Path | None) -> "Pictures":
        """Return the folder of each source, as far as they are known.

        Args:
            sources: the source ids that are asked for.
            options: what `--images` said: `SOURCE=FOLDER`, or a root with one folder per source.
            workspace: asked for the folders of the last ingest where the options leave a source out.

        Raises:
            InputError: an option names a source that is not asked for, or a folder that is not there.
        """
        wanted = sorted(set(sources))
        folders: dict[str, Path] = {}
        if workspace is not None and (known := workspace / FOLDERS_NAME).is_file():
            remembered = json.loads(known.read_text(encoding="utf-8"))
            folders = {s: Path(remembered[s]) for s in wanted if s in remembered and Path(remembered[s]).is_dir()}
        for option in options:
            source, separator, folder = option.partition("=")
            if separator and source in wanted:
                folders[source] = _folder(Path(folder))
            elif separator and not Path(option).is_dir():
                raise InputError(
                    f"--images {option}: the manifest has no source {source!r}.", f"Its sources are {', '.join(wanted)}."
                )
            else:
                root = _folder(Path(option))
                found = {s: root / s for s in wanted if (root / s).is_dir()}
                if not found:
                    raise InputError(
                        f"--images {option}: no folder of a source lies below it.",
                        f"Expected one of {', '.join(wanted)}, or SOURCE=FOLDER.",
                    )
                folders |= found
        return cls(folders)

    def missing(self, sources: Iterable[str]) -> list[str]:
        """Return the sources whose folder is not known."""
        return sorted(set(sources) - self.folders.keys())

    def read(self, source: str, path: str) -> bytes:
        """Return the bytes of a picture's file, or of an archive's member.

        Raises:
            InputError: the folder of the source is not known.
            OSError: the file is not there or cannot be read.
        """
        if source not in self.folders:
            raise InputError(f"Where the pictures of {source} lie is not known.", f"Say --images {source}=FOLDER.")
        return read_bytes(self.folders[source], path)

    def absent(self, rows: Iterable[tuple[str, str, str]]) -> list[str]:
        """Return the ids of pictures whose file, or member of an archive, is not there; nothing is read of the others.

        Args:
            rows: (image_id, source, path) of sources whose folders are known.
        """
        return [image for image, source, path in rows if not is_portable(path) or not is_there(self.folders[source], path)]

    def resized(self, rows: Iterable[tuple[str, str, str, int]]) -> Iterator[str]:
        """Yield what is wrong with each picture that is not there, or is a file of another size than was frozen; none is read.

        Args:
            rows: (image_id, source, path, bytes) of sources whose folders are known.
        """
        for image, source, path, size in rows:
            file = self.folders[source] / path
            if not is_portable(path):
                yield f"{image}: {path!r} leads out of the source's folder"
            elif not is_there(self.folders[source], path):
                yield f"{image}: {file} is not there"
            elif file.is_file() and file.stat().st_size != size:  # a member of an archive has no size of its own here
                yield f"{image}: {file} has {file.stat().st_size} bytes, frozen {size}"

    def differences(
        self, rows: Sequence[tuple[str, str, str, str]], progress: Callable[[int, int], None] | None = None
    ) -> Iterator[str]:
        """Yield what is wrong with each picture that is missing, unreadable or another one than was frozen.

        Files are read and hashed by a thread for each processor.

        Args:
            rows: (image_id, source, path, sha256) of sources whose folders are known.
            progress: called with (done, all) from time to time.
        """
        batches = iter([rows[start : start + BATCH] for start in range(0, len(rows), BATCH)])
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        done = 0
        with ThreadPoolExecutor(threads) as pool:
            waiting = [(batch, pool.submit(self._wrong, batch)) for batch in islice(batches, threads * AHEAD)]
            while waiting:
                batch, wrong = waiting.pop(0)
                yield from wrong.result()
                waiting += [(more, pool.submit(self._wrong, more)) for more in islice(batches, 1)]
                done += len(batch)
                if progress:
                    progress(done, len(rows))

    def _wrong(self, rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
        found = []
        for image_id, source, path, sha256 in rows:
            if not is_portable(path):
                found.append(f"{image_id}: {path!r} leads out of the source's folder")
                continue
            try:
                digest = self._sha256(source, path)
            except OSError as error:
                found.append(f"{image_id}: {self.folders[source] / path} cannot be read ({error.strerror or error})")
                continue
            if digest != sha256:
                was = f"(sha256 {digest[:12]}…, frozen {sha256[:12]}…)"
                found.append(f"{image_id}: {self.folders[source] / path} is not the picture that was frozen {was}")
        return found

    def _sha256(self, source: str, path: str) -> str:
        try:
            with open(f"{self.folders[source]}/{path}", "rb", buffering=0) as file:  # noqa: PTH123 - called a million times
                return hashlib.sha256(file.readall()).hexdigest()
        except (FileNotFoundError, NotADirectoryError):  # as a member of an archive it is
            with ARCHIVES:
                return hashlib.sha256(read_bytes(self.folders[source], path)).hexdigest()


def is_portable(path: str) -> bool:
    """Say whether a path is relative, stays in its folder and can be read on every system."""
    parts = path.split("/")
    return not {"", ".", ".."}.intersection(parts) and ":" not in parts[0] and "\\" not in path and "\0" not in path


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise InputError(f"--images: there is no folder {path}.", "Name a folder that is there.")
    return path
