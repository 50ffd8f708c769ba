"""OpenVINO's own cache below the artifact store: it never sees a blob that is not as it left it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hpinfer.hpi.artifact_keys import openvino_blob_key, this_cpu
from hpinfer.hpi.artifact_manifest import list_files
from hpinfer.hpi.artifacts import ArtifactStore, content_hash

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENGINES = ["openvino"]
PICTURE = np.linspace(-1, 1, 1 * 3 * 16 * 16, dtype=np.float32).reshape(1, 3, 16, 16)


@pytest.fixture(autouse=True)
def user_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPINFER_CACHE_DIR", str(tmp_path / "user"))


def flip_middle(blob: Path) -> None:
    data = bytearray(blob.read_bytes())
    middle = slice(len(data) // 2, len(data) // 2 + 64)
    data[middle] = bytes(byte ^ 0xFF for byte in data[middle])
    blob.write_bytes(data)


def test_an_altered_blob_is_compiled_again(
    load: Callable[..., Any], convolution_file: Path, tmp_path: Path
) -> None:
    store = ArtifactStore([tmp_path / "root"])
    key = openvino_blob_key(
        model=content_hash([convolution_file]),
        engine_version="under test",
        device="CPU",
        identity=this_cpu(),
        precision="fp32",
        num_threads=2,
    )

    def loaded() -> tuple[Any, Path, int]:
        with store.directory_for(key) as folder:
            assert folder is not None
            found = len(list_files(folder))
            session = load(convolution_file, cache_dir=folder)
        (blob,) = list_files(folder)
        return session.run([PICTURE])[0], folder / blob, found

    first, blob, found = loaded()
    assert found == 0
    again, same, found = loaded()
    assert (same, found) == (blob, 1)
    np.testing.assert_array_equal(again, first)
    for damage in (flip_middle, lambda file: file.write_bytes(file.read_bytes()[:100])):
        damage(blob)
        again, blob, found = loaded()
        assert found == 0, "the engine was shown a damaged blob"
        np.testing.assert_array_equal(again, first)
