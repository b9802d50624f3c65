import asyncio
import socket
import ssl
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from live_edge import Edge, MemoryConsents, MemoryIntake, services

from gateway.edge.certs import make
from gateway.edge.http import Limits, Tls, create_app, server_config


def test_only_clients_with_a_certificate_of_the_authority_are_let_in(tmp_path: Path) -> None:
    certificates = tmp_path / "certs"
    make(certificates, datetime.now(UTC))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        tls = Tls(certificates / "gateway.pem", certificates / "gateway.key", certificates / "ca.pem")
        app = create_app(services(Edge("", port, MemoryIntake(), MemoryConsents(), {}), Limits()))
        server = uvicorn.Server(server_config(app, "127.0.0.1", port, tls))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            url = f"https://127.0.0.1:{port}/health/live"
            context = ssl.create_default_context(cafile=certificates / "ca.pem")
            with pytest.raises(httpx.TransportError):
                httpx.get(url, verify=context)
            context.load_cert_chain(certificates / "ehr.pem", certificates / "ehr.key")
            assert httpx.get(url, verify=context).status_code == 200
        finally:
            server.should_exit = True
            thread.join(10)
