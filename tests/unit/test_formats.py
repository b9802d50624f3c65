"""The formats of an installation: made when they are asked for, and all of them before anything is served."""

import shutil

import pytest

from gateway.core.errors import ConfigurationError
from gateway.edge.library import Library, default_folder
from gateway.wiring.formats import Formats, installed


def test_a_format_is_made_when_it_is_first_asked_for(monkeypatch):
    library = Library()
    asked = []
    monkeypatch.setattr(library, "reader", lambda name, real=library.reader: asked.append(name) or real(name))
    known = Formats(library)
    assert "nav-apprec" in known
    assert len(known) == len(list(known))
    assert asked == []
    assert known["nav-apprec"] is known["nav-apprec"]
    assert asked == ["nav-apprec"]


def test_an_unknown_format_is_not_there():
    known = installed()[1]
    assert "nav-unknown" not in known
    with pytest.raises(KeyError):
        _ = known["nav-unknown"]


@pytest.mark.parametrize(("mapping", "old"), [("fhir/dialogue", "model: Dialogue"), ("nav/apprec", "model: Receipt")])
def test_wrong_data_ends_the_start_and_not_a_message(tmp_path, mapping, old):
    folder = shutil.copytree(default_folder(), tmp_path / "mappings")
    path = folder / mapping / "mapping.yaml"
    path.write_text(path.read_text("utf-8").replace(old, "model: Unheard"), "utf-8")
    known = Formats(Library(folder))
    with pytest.raises(ConfigurationError, match="Unheard"):
        known.make_all()


def test_one_process_reads_its_library_once():
    assert installed() is installed()
