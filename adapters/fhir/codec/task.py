"""Where a message is, as a FHIR Task (FHIR R4, task.html): one output for each recipient."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.core.line import FINAL, WAITING, State

HELD = "held"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One outgoing message: who it is for (a role or a registered name, never a person), and its state.

    `reasons` is an OperationOutcome with what the recipient's receipt says against it. `held` says that an officer has
    yet to decide whether it goes, which in the store is a refusal that is not the last word.
    """

    recipient: str
    state: State
    reasons: Mapping[str, Any] | None = None
    held: bool = False


def message_task(message_id: str, received: float, changed: float, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    """Give the Task of a message; `received` and `changed` are epoch seconds, UTC."""
    told = [{**delivery.reasons, "id": f"reasons-{i}"} for i, delivery in enumerate(deliveries, 1) if delivery.reasons]
    return {
        "resourceType": "Task",
        "id": message_id,
        **({"contained": told} if told else {}),
        "status": _status(deliveries),
        "intent": "order",
        "authoredOn": _instant(received),
        "lastModified": _instant(changed),
        **(
            {"output": [one for i, each in enumerate(deliveries, 1) for one in _outputs(i, each)]} if deliveries else {}
        ),
    }


def _status(deliveries: Sequence[Delivery]) -> str:
    """In progress until every delivery is final; completed only if every recipient acknowledged."""
    if not deliveries:
        return "completed"
    states = [delivery.state for delivery in deliveries]
    if any(delivery.held or delivery.state in WAITING for delivery in deliveries):
        return "on-hold"
    if any(state not in FINAL for state in states):
        return "in-progress"
    if all(state is State.ACKNOWLEDGED for state in states):
        return "completed"
    return "rejected" if all(state is State.REFUSED for state in states) else "failed"


def _outputs(number: int, delivery: Delivery) -> Iterator[dict[str, Any]]:
    yield {"type": {"text": delivery.recipient}, "valueCode": HELD if delivery.held else delivery.state.value}
    if delivery.reasons:
        yield {"type": {"text": f"{delivery.recipient} reasons"}, "valueReference": {"reference": f"#reasons-{number}"}}


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
