"""Signatures: made and checked by the programs themselves, over SHA256SUMS, and no part of what they sign."""

import json
import shutil
import subprocess
import sys

import pytest

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.manifest.freeze import freeze
from curate.manifest.proof import prove
from curate.manifest.read import load
from curate.manifest.signature import MINISIGN, NAMESPACE, SSH, Keys, Signers
from curate.manifest.verify import verify
from tests.manifest.tampering import change_json, copy_of

needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen (OpenSSH) is not installed")
needs_minisign = pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")


@pytest.fixture
def key(tmp_path):
    """A key of OpenSSH without a passphrase, and the file of allowed signers that names it."""
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    public = path.with_suffix(".pub").read_text(encoding="utf-8").strip()
    (tmp_path / "signers").write_text(f'steward@example.org namespaces="{NAMESPACE}" {public}\n', encoding="utf-8")
    return path


def violations(folder, signers):
    return [v.message for v in verify(folder, signers=signers).violations]


@needs_ssh
def test_a_signed_manifest_is_that_of_its_signer_and_the_same_manifest(good, key, tmp_path):
    folder = copy_of(good, tmp_path)
    Keys(key).check()
    assert Keys(key).sign(folder) == [SSH]
    proof = verify(folder, signers=Signers(tmp_path / "signers"))
    assert proof.ok
    assert proof.signed_by == ["SHA256SUMS.sig is of steward@example.org"]
    assert (9, "signed by whom it should be", 0) in proof.checks
    assert proof.digest == load(good).digest
    assert prove(folder)["ok"]
    by_hand = ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers"), "-I", "steward@example.org", "-n", NAMESPACE]
    done = subprocess.run([*by_hand, "-s", str(folder / SSH)], input=(folder / "SHA256SUMS").read_bytes(), check=False)
    assert done.returncode == 0
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)


@needs_ssh
def test_what_was_changed_after_signing_is_not_signed(good, key, tmp_path):
    folder = copy_of(good, tmp_path)
    Keys(key).sign(folder)
    change_json(folder, "manifest.json", lambda c: c.update(name="newer"))
    assert "SHA256SUMS.sig: no signature of steward@example.org over this SHA256SUMS" in " ".join(
        violations(folder, Signers(tmp_path / "signers"))
    )


@needs_ssh
def test_a_signature_of_somebody_else_damaged_or_missing_is_a_violation(good, key, tmp_path):
    folder, other = copy_of(good, tmp_path), tmp_path / "other"
    signers = Signers(tmp_path / "signers")
    assert violations(folder, signers) == ["SHA256SUMS.sig: there is no such signature"]
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    Keys(other).sign(folder)
    assert violations(folder, signers) == ["SHA256SUMS.sig: of nobody that signers names, or damaged"]
    (folder / SSH).chmod(0o644)
    (folder / SSH).write_bytes(b"-----BEGIN SSH SIGNATURE-----\nx\n-----END SSH SIGNATURE-----\n")
    assert violations(folder, signers) == ["SHA256SUMS.sig: of nobody that signers names, or damaged"]


@needs_ssh
def test_a_signature_of_another_thing_is_none_of_a_manifest(good, key, tmp_path):
    """The namespace: what was signed as a letter cannot pass for a signed manifest."""
    folder = copy_of(good, tmp_path)
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "file"]
    done = subprocess.run(command, input=(folder / "SHA256SUMS").read_bytes(), capture_output=True, check=True)
    (folder / SSH).write_bytes(done.stdout)
    (tmp_path / "signers").write_text("a@b " + key.with_suffix(".pub").read_text(encoding="utf-8"), encoding="utf-8")
    assert violations(folder, Signers(tmp_path / "signers")) == [
        "SHA256SUMS.sig: no signature of a@b over this SHA256SUMS (namespace dermcurate-manifest)"
    ]


@needs_ssh
def test_a_signature_that_nobody_asked_about_is_told(good, key, tmp_path):
    folder = copy_of(good, tmp_path)
    Keys(key).sign(folder)
    assert "the signature SHA256SUMS.sig: give --signers FILE" in verify(folder).not_checked
    assert (
        "the signature SHA256SUMS.sig: give --signers FILE" not in verify(folder, signers=Signers(tmp_path / "signers")).not_checked
    )
    assert not [reason for reason in verify(good).not_checked if "signature" in reason]


@needs_ssh
def test_a_signature_is_never_replaced(good, key, tmp_path):
    folder, other = copy_of(good, tmp_path), tmp_path / "other"
    Keys(key).sign(folder)
    before = (folder / SSH).read_bytes()
    assert Keys(key).sign(folder) == [SSH]  # Ed25519 gives the same again
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    with pytest.raises(InputError, match="is there already"):
        Keys(other).sign(folder)
    assert (folder / SSH).read_bytes() == before
    assert not list(folder.glob(".*"))


def test_what_cannot_be_used_is_told_before_anything_is_written(good, project, frozen, tree, tmp_path, monkeypatch):
    shutil.copytree(project.workspace, tmp_path / "ws")
    monkeypatch.setenv("PATH", str(tmp_path))
    for ssh, minisign in ((tmp_path / "key", None), (None, tmp_path / "key")):
        program = "ssh-keygen" if ssh else "minisign"
        with pytest.raises(InputError, match=f"The program {program} is not installed"):
            verify(good, signers=Signers(ssh, minisign))
        with (
            Catalogue.write(tmp_path / "ws", "a test") as catalogue,
            pytest.raises(InputError, match=f"{program} is not installed"),
        ):
            freeze(catalogue, tree, "signed", tmp_path, keys=Keys(ssh, minisign))
        (tmp_path / program).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tmp_path / program).chmod(0o755)
        with pytest.raises(InputError, match=r"There is no list of signers .*key"):
            verify(good, signers=Signers(ssh, minisign))
        with Catalogue.write(tmp_path / "ws", "a test") as catalogue, pytest.raises(InputError, match="There is no key"):
            freeze(catalogue, tree, "signed", tmp_path, keys=Keys(ssh, minisign))
    assert not (tmp_path / "signed").exists()


def test_a_program_that_fails_is_told_with_what_it_said(good, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "ssh-keygen").write_text("#!/bin/sh\necho wrong passphrase >&2\nexit 255\n", encoding="utf-8")
    (tmp_path / "ssh-keygen").chmod(0o755)
    (tmp_path / "key").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="ssh-keygen: signing failed: wrong passphrase"):
        Keys(tmp_path / "key").sign(copy_of(good, tmp_path))


@needs_ssh
def test_the_commands_sign_and_ask_for_signatures(project, frozen, key, tmp_path):
    shutil.copytree(project.workspace, tmp_path / "ws")

    def call(*arguments):
        command = [sys.executable, "-c", "from curate.cli import main; main()", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    ask = ("freeze", "signed", "--out", tmp_path, "--workspace", tmp_path / "ws")
    first = call(*ask)
    assert (first.returncode, (tmp_path / "signed" / SSH).exists()) == (0, False)
    second = call(*ask, "--sign", key)  # after the fact
    assert (second.returncode, second.stderr) == (0, "")
    assert "signed: SHA256SUMS.sig" in second.stdout
    done = call("verify", tmp_path / "signed", "--files-only", "--signers", tmp_path / "signers")
    assert done.returncode == 0
    assert "signed: SHA256SUMS.sig is of steward@example.org" in done.stdout
    told = json.loads(call("verify", tmp_path / "signed", "--files-only", "--signers", tmp_path / "signers", "--json").stdout)
    assert told["signed_by"] == ["SHA256SUMS.sig is of steward@example.org"]
    (tmp_path / "signers").write_text("", encoding="utf-8")
    assert call("verify", tmp_path / "signed", "--files-only", "--signers", tmp_path / "signers").returncode == 3


@needs_minisign
def test_minisign_signs_and_is_asked(good, tmp_path):
    folder = copy_of(good, tmp_path)
    for name in ("a", "b"):
        command = ["minisign", "-G", "-W", "-p", str(tmp_path / f"{name}.pub"), "-s", str(tmp_path / f"{name}.key")]
        subprocess.run(command, check=True, capture_output=True)
    assert violations(folder, Signers(minisign=tmp_path / "a.pub")) == ["SHA256SUMS.minisig: there is no such signature"]
    keys = Keys(minisign=tmp_path / "a.key")
    keys.check()
    assert keys.sign(folder) == [MINISIGN]
    proof = verify(folder, signers=Signers(minisign=tmp_path / "a.pub"))
    assert (proof.ok, proof.signed_by) == (True, ["SHA256SUMS.minisig is of a.pub"])
    assert prove(folder)["ok"]
    assert violations(folder, Signers(minisign=tmp_path / "b.pub")) == [
        "SHA256SUMS.minisig: no signature of b.pub over this SHA256SUMS"
    ]
    assert "the signature SHA256SUMS.minisig: give --minisign-public-key FILE" in verify(folder).not_checked
