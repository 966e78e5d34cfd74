"""Finding the pictures that a manifest speaks of, and whether they are still the same."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.errors import InputError
from curate.files import is_there, read_bytes

FOLDERS_NAME = "folders.json"  # written by the catalogue into its workspace


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

    def differences(self, rows: Iterable[tuple[str, str, str, str]]) -> Iterator[str]:
        """Yield what is wrong with each picture that is missing, unreadable or another one than was frozen.

        Args:
            rows: (image_id, source, path, sha256); sources whose folder is not known are passed over.
        """
        for image_id, source, path, sha256 in rows:
            if source not in self.folders:
                continue
            if not is_portable(path):
                yield f"{image_id}: {path!r} leads out of the source's folder"
                continue
            file = self.folders[source] / path
            try:
                found = hashlib.sha256(read_bytes(self.folders[source], path)).hexdigest()
            except OSError as error:
                yield f"{image_id}: {file} cannot be read ({error.strerror or error})"
                continue
            if found != sha256:
                yield f"{image_id}: {file} is not the picture that was frozen (sha256 {found[:12]}…, frozen {sha256[:12]}…)"


def is_portable(path: str) -> bool:
    """Say whether a path is relative, stays in its folder and can be read on every system."""
    parts = path.split("/")
    return not {"", ".", ".."}.intersection(parts) and ":" not in parts[0] and "\\" not in path and "\0" not in path


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise InputError(f"--images: there is no folder {path}.", "Name a folder that is there.")
    return path
