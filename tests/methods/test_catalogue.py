"""The catalogue is whole: every entry builds what it says, and every system of the source reports has one."""

import inspect
import json

import pytest

from methods.building import Surroundings, resolve
from methods.catalogue import CATALOGUE
from methods.fingerprint import describe_method, method_code
from methods.registry import PluginError, Registry, import_plugin, load_registry
from methods.spec import MethodSpec
from methods.weights import WEIGHTS

SPECS = [pytest.param(spec, id=spec.id) for spec in CATALOGUE]


@pytest.mark.parametrize("spec", SPECS)
def test_an_entry_is_complete(spec: MethodSpec):
    assert (spec.method is None) != (spec.encoder is None)
    assert (spec.encoder is None) == (spec.index is None)
    assert spec.summary
    assert spec.source
    assert set(spec.weights) <= set(WEIGHTS)
    assert json.loads(json.dumps(describe_method(spec))) == describe_method(spec)
    assert method_code(spec)
    assert not (spec.supervised and spec.learns)
    if spec.weights:
        assert spec.input, "a network's input contract is part of its entry"


@pytest.mark.parametrize("spec", SPECS)
def test_every_setting_is_a_parameter_of_its_class(spec: MethodSpec):
    for part in filter(None, (spec.method, spec.encoder, *spec.transforms, spec.index)):
        known = set(inspect.signature(resolve(part)).parameters)
        assert set(part.params) <= known
        assert not set(part.params) & set(Surroundings.__dataclass_fields__)


def test_a_reference_is_an_entry_with_the_same_encoder():
    by_id = {spec.id: spec for spec in CATALOGUE}
    for spec in CATALOGUE:
        if spec.reference:
            assert by_id[spec.reference].encoder == spec.encoder


def test_ids_are_unique_and_a_taken_one_is_refused():
    registry = load_registry()
    assert len({spec.id for spec in registry}) == len(CATALOGUE)
    with pytest.raises(PluginError, match="another id"):
        registry.register(CATALOGUE[0])


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("x = 1\n", "must define METHODS"),
        ("METHODS = []\n", "must define METHODS"),
        ("METHODS = ['phash']\n", "must define METHODS"),
        ("raise RuntimeError('no')\n", "failed to import: RuntimeError: no"),
        ("def broken(:\n", "failed to import: SyntaxError"),
    ],
)
def test_a_bad_plugin_is_refused_in_one_line(tmp_path, source, says):
    path = tmp_path / f"plugin_{abs(hash(source))}.py"
    path.write_text(source)
    with pytest.raises(PluginError, match=says) as error:
        load_registry([path])
    assert "\n" not in str(error.value)


def test_a_plugin_may_not_hide_a_module_that_is_there(tmp_path):
    (tmp_path / "json.py").write_text("METHODS = []\n")
    with pytest.raises(PluginError, match="rename the file"):
        import_plugin(tmp_path / "json.py")


def test_an_empty_registry_knows_nothing():
    assert list(Registry([])) == []
