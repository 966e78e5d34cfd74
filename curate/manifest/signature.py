"""Signatures of a manifest: `SHA256SUMS.sig` by OpenSSH, `SHA256SUMS.minisig` by minisign, each over the bytes of SHA256SUMS.

The programs are asked, not reimplemented. A signature is not named in SHA256SUMS, which it signs, and changes no digest; it can
be made when a manifest is frozen or later.
"""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.errors import InputError

NAMESPACE = "dermcurate-manifest"
SUMS, SSH, MINISIGN = "SHA256SUMS", "SHA256SUMS.sig", "SHA256SUMS.minisig"


@dataclass(frozen=True)
class Keys:
    """What a manifest is to be signed with: a private key of OpenSSH, or the public one if an agent holds it; of minisign."""

    ssh: Path | None = None
    minisign: Path | None = None

    def check(self) -> None:
        """Raise InputError where a key is not there or the program that uses it is missing; nothing is signed yet."""
        for key, program in ((self.ssh, "ssh-keygen"), (self.minisign, "minisign")):
            if key is not None:
                _program(program)
                _file(key, "key")

    def sign(self, folder: Path) -> list[str]:
        """Sign a manifest and return the names of the signatures; one that is there already and is none of this key is refused.

        Raises:
            InputError: the program fails (a wrong passphrase, no key), or another signature is there.
        """
        made = []
        if self.ssh is not None:
            command = [_program("ssh-keygen"), "-q", "-Y", "sign", "-f", str(self.ssh), "-n", NAMESPACE]
            made.append(_place(folder / SSH, _asked(command, (folder / SUMS).read_bytes(), "signing")))
        if self.minisign is not None:
            with tempfile.TemporaryDirectory() as place:
                out = Path(place) / MINISIGN
                command = [_program("minisign"), "-S", "-s", str(self.minisign), "-m", str(folder / SUMS), "-x", str(out)]
                _asked([*command, "-t", SUMS, "-c", NAMESPACE], None, "signing")
                made.append(_place(folder / MINISIGN, out.read_bytes()))
        return made


@dataclass(frozen=True)
class Signers:
    """Whose signatures are accepted: a file of allowed signers (ssh-keygen(1)), a public key file of minisign."""

    ssh: Path | None = None
    minisign: Path | None = None

    def check(self) -> None:
        """Raise InputError where a file is not there or the program that reads it is missing."""
        for key, program in ((self.ssh, "ssh-keygen"), (self.minisign, "minisign")):
            if key is not None:
                _program(program)
                _file(key, "list of signers")

    def signed_by(self, folder: Path) -> tuple[list[str], list[str]]:
        """Return who signed the manifest, and what is wrong: a signature that is missing, damaged, or of somebody else.

        Raises:
            InputError: a file of signers is not there, or the program that reads it is missing.
        """
        self.check()
        found = []
        if self.ssh is not None:
            found.append(self._by_ssh(folder / SSH, folder / SUMS, self.ssh))
        if self.minisign is not None:
            found.append(self._by_minisign(folder / MINISIGN, folder / SUMS, self.minisign))
        return [said for good, said in found if good], [said for good, said in found if not good]

    def _by_ssh(self, signature: Path, sums: Path, signers: Path) -> tuple[bool, str]:
        if not signature.is_file() or not sums.is_file():
            return False, f"{SSH}: there is no such signature"
        program, content = _program("ssh-keygen"), sums.read_bytes()
        found = _run([program, "-Y", "find-principals", "-s", str(signature), "-f", str(signers)], b"")
        names = found.stdout.decode("utf-8", "replace").splitlines() if found.returncode == 0 else []
        for name in names:
            command = [program, "-Y", "verify", "-f", str(signers), "-I", name, "-n", NAMESPACE, "-s", str(signature)]
            if _run(command, content).returncode == 0:
                return True, f"{SSH} is of {name}"
        if names:
            return False, f"{SSH}: no signature of {', '.join(names)} over this {SUMS} (namespace {NAMESPACE})"
        return False, f"{SSH}: of nobody that {signers.name} names, or damaged"

    def _by_minisign(self, signature: Path, sums: Path, key: Path) -> tuple[bool, str]:
        if not signature.is_file() or not sums.is_file():
            return False, f"{MINISIGN}: there is no such signature"
        command = [_program("minisign"), "-V", "-q", "-p", str(key), "-m", str(sums), "-x", str(signature)]
        if _run(command, None).returncode == 0:
            return True, f"{MINISIGN} is of {key.name}"
        return False, f"{MINISIGN}: no signature of {key.name} over this {SUMS}"


def unread_signatures(folder: Path, signers: Signers | None) -> Iterator[str]:
    """Yield which signatures are there and were not asked about, and how to."""
    asked = signers or Signers()
    for name, given, option in ((SSH, asked.ssh, "--signers FILE"), (MINISIGN, asked.minisign, "--minisign-public-key FILE")):
        if given is None and (folder / name).is_file():
            yield f"the signature {name}: give {option}"


def _place(path: Path, content: bytes) -> str:
    """Write a signature in one step; one that is there is never changed."""
    if path.exists():
        if path.read_bytes() == content:
            return path.name
        raise InputError(f"{path} is there already.", "Verify it with `curate verify --signers`; to sign anew, take it away first.")
    beside = path.with_name(f".{path.name}.partial")
    try:
        beside.write_bytes(content)
        beside.chmod(0o444)
        beside.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
    return path.name


def _program(name: str) -> str:
    if (found := shutil.which(name)) is None:
        package = {"ssh-keygen": "OpenSSH", "minisign": "minisign"}[name]
        raise InputError(f"The program {name} is not installed.", f"Install {package}, or leave the signature out.")
    return found


def _file(path: Path, what: str) -> None:
    if not path.is_file():
        raise InputError(f"There is no {what} {path}.", "Name a file that is there.")


def _run(command: Sequence[str], content: bytes | None) -> "subprocess.CompletedProcess[bytes]":
    """Run a program; without content it keeps the terminal, which it may ask for a passphrase."""
    return subprocess.run(command, input=content, capture_output=True, check=False)


def _asked(command: Sequence[str], content: bytes | None, what: str) -> bytes:
    done = _run(command, content)
    if done.returncode != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise InputError(f"{Path(command[0]).name}: {what} failed: {said[:300]}.", "Check the key and its passphrase.")
    return done.stdout
