import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from live_edge import Edge, MemoryConsents, MemoryIntake, services

from gateway.edge.certs import make
from gateway.edge.http import Limits, Tls, create_app, server_config


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls") / "certs"
    make(folder, datetime.now(UTC))
    return folder


@contextmanager
def served(certificates: Path, *, demanded: bool) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        tls = Tls(certificates / "gateway.pem", certificates / "gateway.key", certificates / "ca.pem", demanded)
        app = create_app(services(Edge(MemoryIntake(), MemoryConsents(), {}), Limits()))
        server = uvicorn.Server(server_config(app, "127.0.0.1", port, tls))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"https://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(10)


def test_only_clients_with_a_certificate_of_the_authority_are_let_in(certificates: Path) -> None:
    with served(certificates, demanded=True) as url:
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/fhir/metadata", verify=context)
        context.load_cert_chain(certificates / "ehr.pem", certificates / "ehr.key")
        assert httpx.get(f"{url}/fhir/metadata", verify=context).status_code == 200


def test_where_tokens_are_enough_a_certificate_of_another_authority_still_keeps_out(
    certificates: Path, tmp_path: Path
) -> None:
    make(tmp_path / "other", datetime.now(UTC))
    with served(certificates, demanded=False) as url:
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        assert httpx.get(f"{url}/fhir/metadata", verify=context).status_code == 200
        assert httpx.get(f"{url}/fhir/Task/1", verify=context).status_code == 401
        context.load_cert_chain(tmp_path / "other/ehr.pem", tmp_path / "other/ehr.key")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/fhir/metadata", verify=context)


def test_old_versions_of_tls_are_not_spoken(certificates: Path) -> None:
    with served(certificates, demanded=False) as url:
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/fhir/metadata", verify=context)
