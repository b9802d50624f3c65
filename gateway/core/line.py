"""The states of an outgoing message, and the only truth about how they follow each other.

One incoming message makes one outgoing message per recipient; each is in exactly one state.
Everything that moves one goes through `step`; the diagram in the documentation is drawn from `TRANSITIONS`.
"""

from enum import StrEnum


class State(StrEnum):
    """Where an outgoing message is on the line."""

    RECEIVED = "received"  # stored, not yet decided
    DECIDED = "decided"  # permitted and minimised
    SEALED = "sealed"  # written in the recipient's format, waiting for its channel
    DELIVERED = "delivered"  # the transport took it; the application receipt is not here yet
    DEAD_LETTER = "dead-letter"  # given up; a human decides
    ACKNOWLEDGED = "acknowledged"  # the recipient's application receipt says yes
    REFUSED = "refused"  # the rules permit nothing
    INVALID = "invalid"  # it cannot be written in the recipient's format
    STUCK = "stuck"  # our own code fails on it before it is decided; a human decides
    DISCARDED = "discarded"  # a human has closed it, with a reason


class Event(StrEnum):
    """What happens to an outgoing message."""

    PERMIT = "permit"
    DENY = "deny"
    BAD_MESSAGE = "bad-message"
    SEAL = "seal"
    SENT = "sent"
    GAVE_UP = "gave-up"
    PERMIT_EXPIRED = "permit-expired"
    RECEIPT_OK = "receipt-ok"
    RECEIPT_REJECTED = "receipt-rejected"
    RESEND = "resend"
    DISCARD = "discard"


TRANSITIONS: dict[State, dict[Event, State]] = {
    State.RECEIVED: {
        Event.PERMIT: State.DECIDED,
        Event.DENY: State.REFUSED,
        Event.BAD_MESSAGE: State.INVALID,
        Event.GAVE_UP: State.STUCK,
    },
    State.DECIDED: {
        Event.SEAL: State.SEALED,
        Event.BAD_MESSAGE: State.INVALID,
    },
    State.SEALED: {
        Event.SENT: State.DELIVERED,
        Event.GAVE_UP: State.DEAD_LETTER,
        Event.PERMIT_EXPIRED: State.RECEIVED,
    },
    State.DELIVERED: {
        Event.RECEIPT_OK: State.ACKNOWLEDGED,
        Event.RECEIPT_REJECTED: State.DEAD_LETTER,
        Event.GAVE_UP: State.DEAD_LETTER,
    },
    State.DEAD_LETTER: {
        Event.RESEND: State.RECEIVED,
        Event.DISCARD: State.DISCARDED,
        Event.RECEIPT_OK: State.ACKNOWLEDGED,
    },
    State.STUCK: {
        Event.RESEND: State.RECEIVED,
        Event.DISCARD: State.DISCARDED,
    },
    State.ACKNOWLEDGED: {},
    State.REFUSED: {},
    State.INVALID: {},
    State.DISCARDED: {},
}

WAITING = frozenset({State.DEAD_LETTER, State.STUCK})
"""The states in which a message waits for a human."""

FINAL = frozenset(state for state, edges in TRANSITIONS.items() if not edges)


class IllegalTransition(Exception):
    """Our own fault: an event came that the state does not know."""


def step(state: State, event: Event) -> State:
    """Give the state that follows `state` when `event` happens.

    Raises `IllegalTransition` for a pair that the table does not hold.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransition(f"{event} does not happen to a message that is {state}") from None


def reachable(start: State, without: frozenset[tuple[State, Event]] = frozenset()) -> frozenset[State]:
    """Give every state that can follow `start`, itself included, when the edges in `without` are taken away."""
    seen = {start}
    todo = [start]
    while todo:
        state = todo.pop()
        for event, following in TRANSITIONS[state].items():
            if (state, event) not in without and following not in seen:
                seen.add(following)
                todo.append(following)
    return frozenset(seen)


def diagram() -> str:
    """Draw the table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", "    [*] --> received"]
    for state, edges in TRANSITIONS.items():
        lines += [f"    {_node(state)} --> {_node(following)}: {event}" for event, following in edges.items()]
    lines += [f"    {_node(state)} --> [*]" for state in State if state in FINAL]
    return "\n".join(lines) + "\n"


def _node(state: State) -> str:
    return state.value.replace("-", "_")
