"""`skc sign`, `skc verify --key`, and what an artifact folder may hold beside the artifact."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import ed25519
import pytest
from signed import MAKER, PUBLIC, STRANGERS, signature_document

import skc
from skc import cli
from skc.artifact import ADDED_FILES, FILES, PROFILE

PIPELINE = """
skc: 1
name: small
inputs: {a: float64}
features: {b: {from: a, apply: [{clip: {min: 0, max: 1}}]}}
outputs: {x: {features: [b], dtype: float32}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An artifact, and keys beside it."""
    monkeypatch.chdir(tmp_path)
    Path("pipeline.yaml").write_text(PIPELINE)
    Path("data.csv").write_text("a\n0.5\n1.5\n")
    Path("private.pem").write_text(ed25519.private_pem(MAKER))
    Path("public.pem").write_text(PUBLIC)
    Path("stranger.pem").write_text(STRANGERS)
    assert cli.run(["compile", "pipeline.yaml", "--data", "data.csv", "-o", "artifact", "--no-verify"]) == 0
    return tmp_path / "artifact"


def identity(folder: Path) -> str:
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def test_the_identity_is_printed_everywhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = identity(folder)
    args = ["compile", "pipeline.yaml", "--data", "data.csv", "-o", "other", "--no-verify"]
    assert cli.run(args) == 0
    assert f"\nidentity {wanted}\n" in capsys.readouterr().err  # the same plan, the same bytes
    assert cli.run(["inspect", "artifact"]) == 0
    assert f"\nidentity {wanted}\n" in capsys.readouterr().out
    assert cli.run(["inspect", "artifact", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["identity"] == wanted
    assert cli.run(["verify", "artifact", "--rows", "50", "--save", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["identity"] == wanted
    assert json.loads((folder / "verified.json").read_bytes())["identity"] == wanted
    assert cli.run([*args, "--force", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["identity"] == wanted


def test_signing_and_verifying(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cryptography")
    before = identity(folder)
    assert cli.run(["verify", "artifact", "--rows", "50", "--key", "public.pem"]) == 2
    assert f"error[SKC405]: the artifact {before} has no `manifest.sig` [signature-missing]" in capsys.readouterr().err
    assert cli.run(["sign", "artifact", "--key", "private.pem"]) == 0
    assert ed25519.key_id(MAKER) in capsys.readouterr().err
    manifest = (folder / "manifest.json").read_bytes()
    assert json.loads((folder / "manifest.sig").read_bytes()) == signature_document(manifest)
    assert identity(folder) == before
    assert cli.run(["verify", "artifact", "--rows", "50", "--key", "public.pem"]) == 0
    assert cli.run(["verify", "artifact", "--rows", "50", "--key", "stranger.pem"]) == 2
    assert "[signature-invalid]" in capsys.readouterr().err
    assert skc.verify(folder, rows=50, key=PUBLIC).is_equal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a private key in PEM"),
        (PUBLIC, "not a private key in PEM"),
        (ed25519.private_pem(MAKER)[:60], "not a private key in PEM"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_not_a_private_key(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str | None, said: str
) -> None:
    pytest.importorskip("cryptography")
    Path("wrong.pem").unlink(missing_ok=True)
    if text is not None:
        Path("wrong.pem").write_text(text)
    assert cli.run(["sign", "artifact", "--key", "wrong.pem"]) == 2
    err = capsys.readouterr().err
    assert err.count("error[SKC140]") == 1
    assert said in err
    assert not (folder / "manifest.sig").exists()


def test_other_kinds_of_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    locked = BestAvailableEncryption(b"secret")
    other = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    encrypted = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
    for text, said in ((other, "not an Ed25519 key but X25519PrivateKey"), (encrypted, "not a private key in PEM")):
        Path("wrong.pem").write_bytes(text)
        assert cli.run(["sign", "artifact", "--key", "wrong.pem"]) == 2
        assert said in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl not installed")
def test_the_commands_of_the_documentation_make_keys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cryptography")
    for command in (
        "openssl genpkey -algorithm ed25519 -out made.pem",
        "openssl pkey -in made.pem -pubout -out made.pub.pem",
    ):
        subprocess.run(command.split(), check=True, capture_output=True)
    assert cli.run(["sign", "artifact", "--key", "made.pem"]) == 0
    assert cli.run(["verify", "artifact", "--rows", "50", "--key", "made.pub.pem"]) == 0
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-in", "made.pub.pem", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    assert json.loads((folder / "manifest.sig").read_bytes())["key"] == hashlib.sha256(der).hexdigest()


def test_a_damaged_artifact_is_not_signed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "plan.json").write_bytes(b"{}")
    assert cli.run(["sign", "artifact", "--key", "private.pem"]) == 2
    assert "[artifact-hash-mismatch]" in capsys.readouterr().err
    assert not (folder / "manifest.sig").exists()


def test_every_file_that_skc_writes_into_the_folder_is_listed_and_replaced(folder: Path) -> None:
    """By the commands themselves, not by names that a test knows."""
    pytest.importorskip("cryptography")
    assert cli.run(["verify", "artifact", "--rows", "50", "--save"]) == 0
    assert cli.run(["sign", "artifact", "--key", "private.pem"]) == 0
    assert {path.name for path in folder.iterdir()} == {*FILES, PROFILE, *ADDED_FILES}
    assert cli.run(["compile", "pipeline.yaml", "--data", "data.csv", "-o", "artifact", "--rows", "50", "--force"]) == 0
    assert {path.name for path in folder.iterdir()} == {*FILES, PROFILE}


def test_force_replaces_files_that_skc_added_to_an_artifact(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A signature and a record of verification are of the artifact that is replaced, and go with it."""
    (folder / "manifest.sig").write_text("{}")
    (folder / "verified.json").write_text("{}")
    again = ["compile", "pipeline.yaml", "--data", "data.csv", "-o", "artifact", "--no-verify", "--force"]
    assert cli.run(again) == 0
    assert {path.name for path in folder.iterdir()} == {*FILES, PROFILE}
    (folder / "notes.txt").write_text("mine")
    assert cli.run(again) == 2
    assert "it holds `notes.txt`" in capsys.readouterr().err
