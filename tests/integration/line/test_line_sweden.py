"""The Swedish case through a whole gateway: what Försäkringskassan and a municipality get, and what they do not."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from gateway import demo_sweden
from gateway.demo import until
from gateway.demo_sweden import FK7804, WITH, WITHOUT, Scene, running

PAUSE = 0.05


def played(tmp_path: Path, part: Callable[[Scene], Any]) -> Any:
    async def whole() -> Any:
        async with running(tmp_path) as scene:
            return await part(scene)

    return asyncio.run(whole())


def test_each_recipient_gets_what_the_rules_release_and_the_diagnosis_only_by_the_patients_yes(tmp_path: Path) -> None:
    async def part(scene: Scene) -> tuple[bytes, list[dict[str, Any]]]:
        assert await scene.send(scene.clinic, scene.certificate(FK7804), "forsakringskassan") == (202, 201)
        for name in (WITHOUT, WITH):
            assert await scene.send(scene.patient, scene.certificate(name), "municipality") == (202, 201)
        await until(lambda: bool(scene.forsakringskassan.received and len(scene.municipality.received) > 1), PAUSE)
        views = [orjson.loads(one.body) for one in scene.municipality.received]
        return scene.forsakringskassan.received[0].body, views

    body, views = played(tmp_path, part)
    assert b'<svar id="6"><delsvar id="6.1">' in body
    assert b"M545" in body
    assert [("diagnosis" in view) for view in sorted(views, key=lambda view: str(view["certificateId"]))] == [
        False,
        True,
    ]
    for view in views:
        assert not {"findings", "treatment", "address"} & view.keys()
        assert "Sjukgymnastik" not in str(view)
        assert "rörlighet" not in str(view)


def test_nothing_goes_before_the_patients_act_and_never_to_another(tmp_path: Path) -> None:
    async def part(scene: Scene) -> tuple[int, int, int]:
        sent = await scene.clinic.send(orjson.dumps(scene.certificate(FK7804)))
        elsewhere = await scene.send(scene.clinic, scene.certificate(FK7804), "municipality")
        by_clinic = await scene.clinic.send(orjson.dumps(scene.certificate(WITH)))
        await asyncio.sleep(0.5)
        assert scene.forsakringskassan.received == scene.municipality.received == []
        return sent.status, elsewhere[0], by_clinic.status

    assert played(tmp_path, part) == (202, 202, 422)


def test_the_demo_plays_to_its_end() -> None:
    told: list[str] = []
    asyncio.run(demo_sweden.play(told.append))
    said = "\n".join(told)
    assert "the diagnosis: none" in said
    assert "the diagnosis: M545" in said
    assert "has not chosen to pass it on" in said
