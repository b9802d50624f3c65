"""Whose entries of the log are looked for: any personal number that a patient may have here."""

import io
from pathlib import Path

import pytest
import typer

from gateway.cli.audit import _of_patient
from gateway.edge.audit.search import Filter
from gateway.edge.config import Settings
from gateway.edge.keys import Vault, keyring, make


@pytest.mark.parametrize("number", ["02917923100", "191212121212"])
def test_a_patient_is_looked_for_by_the_pseudonym_of_a_norwegian_or_a_swedish_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    make(tmp_path / "keys")
    settings = Settings(data=tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{number}\n"))
    found = _of_patient(settings, Filter()).patient
    assert found == Vault(keyring(settings.key_provider)).mac("patient", number)


@pytest.mark.parametrize("number", ["2321000990", "SE2321000990-A1B2", "191212121213", ""])
def test_what_is_no_personal_number_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{number}\n"))
    with pytest.raises(typer.BadParameter) as told:
        _of_patient(Settings(data=tmp_path), Filter())
    assert not number or number not in str(told.value)
