"""Certificates and self-certifications in the forms of payroll systems: a format for each profile that is written."""

from pathlib import Path

from adapters.hr.profile import Profile
from adapters.hr.write import MODELS, WRITES, PayrollRenderer, writable
from gateway.core.ports import Format
from gateway.wiring.absences import Profiles

PREFIX = "hr-"


def payroll(folder: Path) -> dict[str, Format]:
    """Give the formats by their ids, which are the profiles' names after `hr-`."""
    return {f"{PREFIX}{name}": _format(one) for name, one in Profiles(folder).known.items() if writable(one)}


def _format(profile: Profile) -> Format:
    return Format(
        id=f"{PREFIX}{profile.name}",
        title=f"Certified and self-certified absence for {profile.title}",
        models=tuple(model.__name__ for model in MODELS),
        version=profile.version,
        schema=profile.spot.file,
        media_type=WRITES[profile.format][1],
        render=PayrollRenderer(profile),
    )
