"""The scripts that draw plots: bundled once a user, and never taken from a file that is not what was written."""

import sys
from types import SimpleNamespace

import pytest

from benchmarks.reporting.html import plotting


@pytest.fixture
def bundles(monkeypatch, tmp_path):
    """How often the scripts were bundled; they are kept under `tmp_path`."""
    made = []
    vl_convert = SimpleNamespace(javascript_bundle=lambda vl_version: made.append(vl_version) or "draw('grün');\n")
    monkeypatch.setitem(sys.modules, "vl_convert", vl_convert)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return made


def kept(tmp_path):
    (path,) = (path for path in tmp_path.rglob("vega*") if path.is_file())
    return path


def test_they_are_bundled_once(bundles):
    first = plotting.plotting_script()
    assert plotting.plotting_script() == first == "draw('grün');\n"
    assert bundles == [plotting.VEGA_LITE]


@pytest.mark.parametrize(
    "change", [lambda data: data[:-3], lambda data: data.replace(b"draw", b"take"), lambda _: b"\xff"]
)
def test_a_file_that_is_not_what_was_written_is_made_again(bundles, tmp_path, change):
    plotting.plotting_script()
    path = kept(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(change(whole))
    assert plotting.plotting_script() == "draw('grün');\n"
    assert len(bundles) == 2 and path.read_bytes() == whole


def test_other_versions_have_files_of_their_own(bundles, monkeypatch):
    plotting.plotting_script()
    monkeypatch.setattr(plotting, "version", lambda name: "99")
    plotting.plotting_script()
    assert len(bundles) == 2


def test_where_nothing_can_be_kept_they_are_bundled_each_time(bundles, tmp_path):
    (tmp_path / "caches").touch()
    assert plotting.plotting_script() == plotting.plotting_script()
    assert len(bundles) == 2
