"""docker-compose.yml names only what the product has."""

import re
import tomllib
from pathlib import Path

import pytest
import typer.main
import yaml

from gateway.cli import USAGE_ERROR, application
from gateway.edge.config import Settings

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("samspill:")}
GATEWAYS = {
    name: service for name, service in OURS.items() if "SAMSPILL_DATABASE_URL" in service.get("environment", {})
}


def parsed(words):
    """Parse a command line as `samspill` does, and run nothing. Raises for what it does not know."""
    command = typer.main.get_command(application(words[0]))
    context = command.make_context("samspill", list(words), resilient_parsing=False)
    while hasattr(command, "resolve_command"):
        name, command, words = command.resolve_command(context, list(words))
        context = command.make_context(name, list(words), parent=context)
    return context.command_path


def commands(service):
    if service.get("entrypoint") == ["sh", "-c"]:
        return [line.split() for line in re.findall(r"(?m)(?:^|\|\| )samspill (.+)$", service["command"][0])]
    return [service["command"]]


def test_the_services_are_two_nodes_their_workers_postgresql_and_the_sandbox():
    lines = sorted(" ".join(service["command"]) for service in GATEWAYS.values())
    assert lines == ["serve --no-embedded"] * 2 + ["worker"] * 2
    assert COMPOSE["services"]["database"]["image"] == "postgres:18"
    assert COMPOSE["services"]["sandbox"]["command"][0] == "demo"


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_samspill_has(name):
    for words in commands(OURS[name]):
        assert parsed(words).startswith(f"samspill {words[0]}")


@pytest.mark.parametrize("words", [["serve", "--embedded-not"], ["wrk"], ["messages", "make-key", "/keys/keys"]])
def test_a_command_that_samspill_does_not_have_is_seen(words):
    with pytest.raises(USAGE_ERROR):
        parsed(words)


@pytest.mark.parametrize("name", GATEWAYS)
def test_every_variable_is_a_setting_and_its_value_is_one(name, monkeypatch):
    environment = GATEWAYS[name]["environment"]
    assert {key.removeprefix("SAMSPILL_").lower() for key in environment} <= set(Settings.model_fields)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    settings = Settings()
    assert settings.demo
    assert settings.database.startswith("postgresql+psycopg://samspill@database/")


def test_all_nodes_share_what_has_to_be_the_same_in_each():
    """The store, the keyring, the certificates and the key that signs the log lie on volumes that all of them have."""
    for service in GATEWAYS.values():
        environment, mounts = service["environment"], [volume.split(":")[1] for volume in service["volumes"]]
        paths = [environment[f"SAMSPILL_{key}"] for key in ("CERTIFICATES", "LOG_KEY", "LOG_ANCHORS")]
        for path in [*paths, environment["SAMSPILL_KEYS"].removeprefix("file:")]:
            assert any(f"{path}/".startswith(f"{mount}/") for mount in mounts), path
        assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
        assert set(service["depends_on"]) <= set(COMPOSE["services"])
        shared = {key: value for key, value in environment.items() if key != "SAMSPILL_BASE_URL"}
        assert shared == COMPOSE["x-gateway"]["environment"]


def test_a_node_has_a_port_of_its_own_that_its_url_names():
    ports = {port.split(":")[1] for service in GATEWAYS.values() for port in service.get("ports", ())}
    urls = {s["environment"].get("SAMSPILL_BASE_URL", Settings().base_url) for s in GATEWAYS.values() if "ports" in s}
    assert {url.rsplit(":", 1)[1] for url in urls} == ports


def test_the_image_is_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {service["image"] for service in OURS.values()} == {f"samspill:{version}"}
    assert 'ENTRYPOINT ["samspill"]' in (ROOT / "Dockerfile").read_text()
