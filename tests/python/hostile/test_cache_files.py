"""What lies in caches may be anything: it is used when it is what it says, never trusted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged
from outcomes import outcome

from hpinfer.errors import CacheError, HpinferError, ModelFormatError
from hpinfer.hpi.artifact_manifest import check_files, read_manifest
from hpinfer.hpi.artifacts import ArtifactKey, ArtifactStore
from hpinfer.hpi.records import Measurement, TuningRecord
from hpinfer.hub.cache import CacheRecord, FileRecord, check_hashes

hostile = settings(settings.get_profile("hostile"))
KEY = ArtifactKey("onnx", {"model": "a"})


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    def build(folder):
        (folder / "inference.onnx").write_bytes(b"graph" * 20)

    store = ArtifactStore([tmp_path_factory.mktemp("root")], model="net")
    return store.get_or_build(KEY, build).path


@hostile
@given(data=st.data())
def test_damaged_manifests_and_artifacts(artifact, data):
    whole = {path: path.read_bytes() for path in artifact.iterdir()}
    path = data.draw(st.sampled_from(sorted(whole)))
    changed = data.draw(damaged([whole[path]]))
    path.write_bytes(changed)
    try:
        manifest = outcome("artifact manifests", lambda: read_manifest(artifact))
        if isinstance(manifest, HpinferError):
            assert isinstance(manifest, CacheError)
            return
        checked = outcome("artifact files", lambda: check_files(artifact, manifest, fresh=True))
        if path.name == "inference.onnx" and changed != whole[path]:
            assert isinstance(checked, CacheError), "altered, but not noticed"
    finally:
        path.write_bytes(whole[path])


@hostile
@given(
    fields=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
        max_leaves=10,
    )
)
def test_any_fields_of_a_key(fields):
    outcome("artifact keys", lambda: ArtifactKey("onnx", fields))


def test_names_in_a_manifest_do_not_lead_out(artifact):
    """A manifest may name any file; what is compared is what lies in the folder."""
    path = artifact / "manifest.json"
    whole = path.read_bytes()
    document = json.loads(whole)
    document["files"]["../../../../etc/passwd"] = {"size": 1, "sha256": "0" * 64}
    path.write_text(json.dumps(document))
    try:
        with pytest.raises(CacheError, match="is missing"):
            check_files(artifact, read_manifest(artifact))
    finally:
        path.write_bytes(whole)


def _record_text() -> bytes:
    files = {"inference.onnx": FileRecord("0" * 64, 4)}
    document = {
        **{"schema": 1, "name": "m", "source": "wheel x==1", "recipe": ""},
        "files": {name: {"sha256": f.sha256, "size": f.size} for name, f in files.items()},
    }
    return json.dumps(document).encode()


@hostile
@given(data=damaged([_record_text()]))
def test_damaged_model_records(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "record"
    folder.mkdir(exist_ok=True)
    (folder / "inference.onnx").write_bytes(b"abcd")
    (folder / "hub.json").write_bytes(data)
    record = outcome("hub.json", lambda: CacheRecord.read(folder))
    if isinstance(record, HpinferError):
        assert isinstance(record, ModelFormatError)
    else:
        outcome("hub.json", lambda: check_hashes(folder, record, {}))


def test_a_model_record_names_files_of_its_folder_only(tmp_path):
    for name in ("../other", "/etc/passwd", "a/b", "..", ""):
        document = json.loads(_record_text())
        document["files"] = {name: {"sha256": "0" * 64, "size": 1}}
        (tmp_path / "hub.json").write_text(json.dumps(document))
        with pytest.raises(ModelFormatError, match="damaged"):
            CacheRecord.read(tmp_path)


TUNING = json.dumps(
    TuningRecord((Measurement("a", 1.5, 0.1, 5),), ("x 1x3",), "a", 1, 2.0, "now").to_json()
).encode()


@hostile
@given(data=damaged([TUNING]))
def test_damaged_tuning_records(data):
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    record = TuningRecord.from_json(document)
    if record is not None:
        record.times()
        record.refused()
        for measurement in record.measurements:
            assert measurement.uncertainty >= 0
