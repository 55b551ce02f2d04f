"""Which artifact is loaded, and who made it. What is the same in every language is in the conformance suite."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import ed25519
import jsonschema
import pytest
from forged_artifacts import Artifact
from signed import MAKER, PUBLIC, signature_document

import skc_runtime
from skc_runtime import ArtifactError, SkcRuntimeError
from skc_runtime.identity import Signature, read_signature

RFC_8032 = (  # section 7.1: secret, public key, message, signature
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def signed(columns_artifact: Artifact, tmp_path: Path) -> Path:
    folder = columns_artifact.write(tmp_path / "signed")
    document = signature_document(columns_artifact.files["manifest.json"])
    (folder / "manifest.sig").write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_the_oracle_is_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    assert ed25519.public_key(bytes.fromhex(secret)).hex() == public
    assert ed25519.sign(bytes.fromhex(secret), bytes.fromhex(message)).hex() == signature


def test_the_identity_is_the_hash_of_the_manifest(rides_directory: Path) -> None:
    with skc_runtime.load(rides_directory) as transformer:
        assert transformer.identity == sha256(rides_directory / "manifest.json")
        assert transformer.describe()["identity"] == transformer.identity
    assert transformer.identity is not None  # also when it is closed


@pytest.mark.parametrize("name", ["manifest.json", "model.onnx", "plan.json", "golden.jsonl"])
def test_no_file_can_change_under_an_identity(columns_artifact: Artifact, tmp_path: Path, name: str) -> None:
    """Whoever changes a file must change the manifest, and with it the identity."""
    folder = columns_artifact.write(tmp_path / "rides")
    identity = sha256(folder / "manifest.json")
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ArtifactError) as caught:
        skc_runtime.load(folder, expect=identity)
    assert caught.value.code == ("identity-mismatch" if name == "manifest.json" else "artifact-hash-mismatch")


def test_reversed_output_names_are_another_artifact(columns_artifact: Artifact, tmp_path: Path) -> None:
    """Nothing else sees it: the hashes are right, and golden records know columns by their place."""
    identity = hashlib.sha256(columns_artifact.files["manifest.json"]).hexdigest()
    document = columns_artifact.document
    document["outputs"][0]["columns"].reverse()
    folder = columns_artifact.with_document(document).write(tmp_path / "forged")
    skc_runtime.load(folder).close()
    with pytest.raises(ArtifactError) as caught:
        skc_runtime.load(folder, expect=identity)
    assert caught.value.code == "identity-mismatch"
    assert f"the artifact is {sha256(folder / 'manifest.json')}, not {identity}" in str(caught.value)


@pytest.mark.parametrize("expect", [b"0" * 64, 7, ["0" * 64]])
def test_an_identity_is_a_string(rides_directory: Path, expect: object) -> None:
    with pytest.raises(SkcRuntimeError) as caught:
        skc_runtime.load(rides_directory, expect=expect)  # type: ignore[arg-type]  # what a caller may do
    assert caught.value.code == "invalid-option"


def test_a_key_is_a_text_bytes_or_a_path(signed: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    path = tmp_path / "public.pem"
    path.write_text(PUBLIC)
    for key in (PUBLIC, PUBLIC.encode(), path):
        skc_runtime.load(signed, key=key).close()
    for wrong in (str(path), tmp_path / "nowhere.pem", tmp_path, b"", 7, "\ud83d"):
        with pytest.raises(SkcRuntimeError) as caught:
            skc_runtime.load(signed, key=wrong)  # type: ignore[arg-type]  # what a caller may do
        assert caught.value.code == "invalid-option"
        assert "PRIVATE" not in str(caught.value)


def test_without_the_library_a_key_is_refused_with_what_to_install(
    signed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    skc_runtime.load(signed).close()
    with pytest.raises(SkcRuntimeError) as caught:
        skc_runtime.load(signed, key=PUBLIC)
    assert (caught.value.code, caught.value.hint) == ("invalid-option", "pip install 'skc[sign]'")


def test_a_signature_is_read_as_its_schema_says(schemas: Path) -> None:
    schema = json.loads((schemas / "signature.v1.schema.json").read_bytes())
    document = signature_document(b"{}")
    jsonschema.validate(document, schema)
    found = read_signature(json.dumps(document).encode())
    assert found == Signature(ed25519.key_id(MAKER), bytes.fromhex(document["signature"]))
    assert found.to_json() == document
    for key in document:
        for change in ({**document, key: None}, {k: v for k, v in document.items() if k != key}):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(change, schema)
            with pytest.raises(ArtifactError):
                read_signature(json.dumps(change).encode())
