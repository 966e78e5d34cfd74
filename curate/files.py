"""Files below a folder, also inside zip and tar archives and NumPy's `.npz`, read without unpacking.

A member of an archive is written like a file in a folder of the archive's name: `part_1.zip/images/a.jpg`. Of an `.npz` file
each row of an array of pictures is a member, `set.npz/train_images/000012.bmp`, given as the bytes of a BMP file; an array of
labels, one to a picture, is a table, `set.npz/train_labels.csv`, with the columns `picture` and `label`.
"""

import bz2
import contextlib
import gzip
import io
import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

ZIPS = (".zip",)
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
ARRAYS = (".npz",)
ARCHIVES = (*ZIPS, *TARS, *ARRAYS)
UNPACK: dict[str, Callable[[str], Any]] = {
    ".tgz": gzip.GzipFile,
    ".gz": gzip.GzipFile,
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}
BROKEN = (  # what reading a damaged archive raises, beside OSError
    KeyError,
    ValueError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
    NotImplementedError,
    RuntimeError,  # encrypted
)
OPEN_AT_A_TIME = 8
PICTURES_NAME, LABELS_NAME = "_images", "_labels"  # arrays of an .npz file that hold pictures and labels end so (MedMNIST)


class Found(NamedTuple):
    """A file or a member: path below the folder with forward slashes, size in bytes, time of change, what is wrong with it."""

    path: str
    bytes: int
    mtime_ns: int
    trouble: str


def is_archive(name: str) -> bool:
    """Say whether a file is one that is read from the inside."""
    return name.lower().endswith(ARCHIVES)


def listing(folder: Path) -> Iterator[Found]:
    """Yield every file below a folder, and the members of archives in place of the archives.

    Links to folders are not followed. A link that leads out of the folder, a member that would be unpacked outside it, and an
    archive that cannot be read are yielded with their trouble.

    Raises:
        OSError: a folder cannot be listed.
    """
    inside = folder.resolve()

    def refuse(error: OSError) -> None:
        raise error

    for root, _, names in os.walk(folder, onerror=refuse):
        for name in names:
            file = Path(root, name)
            path = file.relative_to(folder).as_posix()
            try:
                stat = file.stat()
            except OSError:
                stat = file.lstat()
                yield Found(path, stat.st_size, stat.st_mtime_ns, "a link to nothing")
                continue
            if file.is_symlink() and not file.resolve().is_relative_to(inside):
                yield Found(path, stat.st_size, stat.st_mtime_ns, "a link that leads out of the folder")
            elif is_archive(name):
                yield from _members(file, path, stat.st_size, stat.st_mtime_ns)
            else:
                yield Found(path, stat.st_size, stat.st_mtime_ns, "")


def _members(file: Path, path: str, size: int, mtime_ns: int) -> Iterator[Found]:
    try:
        members = list(_opened(str(file), mtime_ns).members())
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        lzma.LZMAError,
        zipfile.BadZipFile,
        tarfile.TarError,
        NotImplementedError,
    ) as error:
        yield Found(path, size, mtime_ns, f"an archive that cannot be read: {error}")
        return
    for name, length in members:
        pure = PurePosixPath(name.replace("\\", "/"))
        out = pure.is_absolute() or ".." in pure.parts or (pure.parts and ":" in pure.parts[0])
        yield Found(f"{path}/{pure}", length, mtime_ns, "a path that leads out of the archive" if out else "")


def read_bytes(folder: Path, path: str) -> bytes:
    """Return the content of a file or of an archive's member.

    Raises:
        OSError: it is not there or cannot be read.
    """
    whole = folder / path
    if whole.is_file():
        return whole.read_bytes()
    parts = PurePosixPath(path).parts
    for count in range(1, len(parts)):
        file = folder.joinpath(*parts[:count])
        if is_archive(parts[count - 1]) and file.is_file():
            try:
                return _opened(str(file), file.stat().st_mtime_ns).read("/".join(parts[count:]))
            except BROKEN as error:
                raise OSError(f"{file}: {'/'.join(parts[count:])} cannot be read: {error}") from error
    return whole.read_bytes()  # raises, with the path's own reason


def is_there(folder: Path, path: str) -> bool:
    """Say whether a file or an archive's member is there; an archive that cannot be read has no members."""
    if (folder / path).is_file():
        return True
    parts = PurePosixPath(path).parts
    for count in range(1, len(parts)):
        file = folder.joinpath(*parts[:count])
        if is_archive(parts[count - 1]) and file.is_file():
            return "/".join(parts[count:]) in _names(str(file), file.stat().st_mtime_ns)
    return False


@lru_cache(maxsize=OPEN_AT_A_TIME)
def _names(file: str, mtime_ns: int) -> frozenset[str]:
    try:
        return frozenset(str(PurePosixPath(name.replace("\\", "/"))) for name, _ in _opened(file, mtime_ns).members())
    except (OSError, *BROKEN):
        return frozenset()


@lru_cache(maxsize=OPEN_AT_A_TIME)
def _opened(file: str, mtime_ns: int) -> "_Zip | _Tar | _Arrays":  # noqa: ARG001 - a changed file is opened anew
    low = file.lower()
    if low.endswith(ZIPS):
        return _Zip(file)
    return _Arrays(file) if low.endswith(ARRAYS) else _Tar(file)


class _Zip:
    def __init__(self, file: str) -> None:
        self._archive = zipfile.ZipFile(file)

    def members(self) -> Iterator[tuple[str, int]]:
        yield from ((i.filename, i.file_size) for i in self._archive.infolist() if not i.is_dir())

    def read(self, name: str) -> bytes:
        return self._archive.read(name)


os.register_at_fork(after_in_child=_opened.cache_clear)  # else a handle shared with the parent would share its place in the file


class _Tar:
    """A tar archive; one that is compressed is unpacked into a temporary file once, as going back in it starts anew each time."""

    def __init__(self, file: str) -> None:
        unpack = next((how for suffix, how in UNPACK.items() if file.lower().endswith(suffix)), None)
        if unpack is None:
            self._archive = tarfile.open(file)  # noqa: SIM115 - kept open for the members that follow
            return
        plain = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the archive
        with unpack(file) as content:
            shutil.copyfileobj(content, plain)
        plain.seek(0)
        self._archive = tarfile.open(fileobj=plain)  # noqa: SIM115

    def members(self) -> Iterator[tuple[str, int]]:
        yield from ((m.name.removeprefix("./"), m.size) for m in self._archive.getmembers() if m.isfile())

    def read(self, name: str) -> bytes:
        for known in (name, f"./{name}"):
            with contextlib.suppress(KeyError):
                content = self._archive.extractfile(known)
                if content is not None:
                    return content.read()
        raise KeyError(name)


class _Arrays:
    """Pictures of a NumPy archive: arrays of shape (n, height, width) or (n, height, width, 3), uint8."""

    def __init__(self, file: str) -> None:
        import numpy as np

        self._name = Path(file).name
        self._arrays: Any = np.load(file, allow_pickle=False)
        self._kept: dict[str, Any] = {}

    def members(self) -> Iterator[tuple[str, int]]:
        for name in self._arrays.files:
            if name.endswith(PICTURES_NAME):
                pictures = self._of(name)
                yield from ((f"{name}/{n:06d}.bmp", pictures[n].nbytes) for n in range(len(pictures)))
            elif name.endswith(LABELS_NAME) and self._of(name).size == len(self._of(name)):
                yield f"{name}.csv", self._of(name).nbytes

    def read(self, name: str) -> bytes:
        from PIL import Image

        if name.endswith(f"{LABELS_NAME}.csv"):
            labels = name.removesuffix(".csv")
            pictures = f"{self._name}/{labels.removesuffix(LABELS_NAME)}{PICTURES_NAME}"
            rows = (f"{pictures}/{n:06d},{label}\n" for n, label in enumerate(self._of(labels).ravel()))
            return "".join(("picture,label\n", *rows)).encode()
        array, _, member = name.rpartition("/")
        content = io.BytesIO()
        Image.fromarray(self._of(array)[int(member.removesuffix(".bmp"))]).save(content, "BMP")
        return content.getvalue()

    def _of(self, name: str) -> Any:
        if name not in self._kept:
            self._kept[name] = self._arrays[name]
        return self._kept[name]
