"""Which methods can start from kept networks, and the check that must come before."""

import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from benchmarks.search.kept.model import NETWORK
from benchmarks.system.files import read_record, write_record
from datasets.imageset import Image
from datasets.notes import note
from methods.building import Surroundings, build_encoder, resolve
from methods.contracts import Encoder
from methods.fingerprint import file_digest
from methods.spec import MethodSpec, Part

_CHECKSUMS = "checksums.json"
SAMPLE = 12
"""Images that the kept and the plain encoder are compared on."""


@dataclass(frozen=True)
class Kind:
    """One encoder class: what writes its networks to a folder, and the class that runs them from there."""

    keep: str
    kept: str


KINDS: Mapping[str, Kind] = {
    "methods.encoders.backbone:Backbone": Kind(
        "benchmarks.search.kept.backbone:keep_backbone", "benchmarks.search.kept.backbone:KeptBackbone"
    ),
    "methods.encoders.facenet:MtcnnFaceNet": Kind(
        "benchmarks.search.kept.facenet:keep_facenet", "benchmarks.search.kept.facenet:KeptFaceNet"
    ),
}
"""By the encoder's target in the catalogue."""


def quick_spec(spec: MethodSpec, folder: Path) -> MethodSpec | None:
    """The method on its kept networks; None where none are kept in `folder`, or OpenVINO is not installed."""
    kind = _kind(spec)
    if not kind or not (folder / NETWORK).exists():
        return None
    if not (folder / _CHECKSUMS).exists():  # as an older version kept it
        shutil.rmtree(folder, ignore_errors=True)
        return None
    quick = _on_kept(spec, kind, folder)
    try:
        _require_whole(folder)
        build_encoder(quick, Surroundings())
    except Exception as error:  # whatever a damaged file makes OpenVINO stumble over
        note(f"stored file damaged: {folder} ({' '.join(str(error).split())[:200]}); its network is kept again")
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return quick


def _require_whole(folder: Path) -> None:
    """Raise where a file is not as it was kept: OpenVINO computes with any weights, and then finds other images."""
    known = read_record(folder / _CHECKSUMS, _Checksums)
    for name, checksum in known["files"].items() if known else ():
        if file_digest(folder / name) != checksum:
            raise ValueError(f"{name} is not what was kept")


class _Checksums(TypedDict):
    """Of the files of a folder, by name."""

    files: dict[str, str]


def keep(spec: MethodSpec, encoder: Encoder, sample: Sequence[Image], folder: Path) -> None:
    """Keep the networks of `encoder` in `folder` if they give the same rows of `sample` there.

    Where they do not, an empty folder says so, and nobody tries again.
    """
    kind = _kind(spec)
    if kind is None or folder.exists():
        return
    from benchmarks.execution.equivalence.check import judge_rows

    write: Callable[[Encoder, Path], None] = resolve(Part(kind.keep))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        written = Path(place) / folder.name
        written.mkdir()
        write(encoder, written)
        sums = {path.name: file_digest(path) for path in sorted(written.iterdir())}
        write_record(written / _CHECKSUMS, {"files": sums})
        kept = build_encoder(_on_kept(spec, kind, written), Surroundings())
        if judge_rows("kept", encoder.encode(sample), kept.encode(sample)).passed:
            written.rename(folder)
        else:
            folder.mkdir()


def _kind(spec: MethodSpec) -> Kind | None:
    target = spec.encoder.target if spec.encoder else None
    kind = KINDS.get(target) if isinstance(target, str) else None
    return kind if kind and importlib.util.find_spec("openvino") else None


def _on_kept(spec: MethodSpec, kind: Kind, folder: Path) -> MethodSpec:
    params = spec.encoder.params if spec.encoder else {}
    return replace(spec, encoder=Part(kind.kept, {**params, "folder": folder}))
