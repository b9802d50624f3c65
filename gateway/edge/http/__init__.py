"""The HTTP edge: routes, errors in the caller's own format, and the ports that wiring fills in."""

from gateway.edge.http.app import create_app, create_upkeep
from gateway.edge.http.server import Tls, server_config
from gateway.edge.http.services import Consents, ConsentVersion, Fhir, Intake, Limits, Services, Stale

__all__ = [
    "ConsentVersion",
    "Consents",
    "Fhir",
    "Intake",
    "Limits",
    "Services",
    "Stale",
    "Tls",
    "create_app",
    "create_upkeep",
    "server_config",
]
