"""Who can log in to the demo's console, and the settings that say so."""

from pathlib import Path

import orjson

from gateway.core.identifiers import series_of
from gateway.edge.config import Settings
from gateway.sandbox.provider import Account

STAFF = (
    Account("demo-officer", "Ane Prøvdal", "11870399989", "personvernombud · privacy officer"),
    Account("demo-reviewer", "Nils Testrud", "01819050062", "personvern, andre person · second reviewer"),
    Account("demo-operator", "Ola Driftsen", "", "drift · operator"),
)
"""The demo's staff; the first two are its officers, the last its operator."""


def console_for(settings: Settings, issuer: str, port: int) -> Settings:
    """Give settings whose console, on `port`, people log in to with the demo's own provider."""
    return settings.model_copy(
        update={
            "console_port": port,
            "console_url": f"https://localhost:{port}",
            "console_staff_issuer": issuer,
            "console_staff_client": "samspill-staff",
            "console_patient_issuer": issuer,
            "console_patient_client": "samspill-patients",
            "console_officers": ("demo-officer", "demo-reviewer"),
            "console_operators": ("demo-operator",),
        }
    )


def accounts(messages: Path) -> dict[str, tuple[Account, ...]]:
    """Give who can log in, by client: the staff, and the patients of the bundles in a folder."""
    patients: dict[str, Account] = {}
    for file in sorted(messages.glob("*.json")):
        for entry in orjson.loads(file.read_bytes()).get("entry", ()):
            one = entry["resource"]
            if one["resourceType"] == "Patient" and one.get("identifier") and one.get("name"):
                number = str(one["identifier"][0].get("value", ""))
                name = " ".join([*one["name"][0].get("given", ()), one["name"][0].get("family", "")])
                if series_of(number) is not None:
                    patients.setdefault(number, Account(f"patient-{file.stem}", name, number, file.stem))
    return {"samspill-staff": STAFF, "samspill-patients": tuple(patients.values())}
