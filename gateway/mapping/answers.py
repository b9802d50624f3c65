"""Where the answer to a numbered question stands in the canonical record: a completion request points to a field."""

from collections.abc import Iterator

from gateway.mapping.language import FieldRule, Mapping, Path


def fields_asked(mapping: Mapping, question: str, answer: int | None = None) -> tuple[str, ...]:
    """Give the canonical fields that answer a question of a form, in the order of its mapping.

    `answer` counts from 1 (instans) where a question may be answered several times; without it all of them are meant.
    Nothing for a question that the form does not have.
    """
    step = f"svar-{question}"
    return tuple(found for rule in mapping.fields for found in _of(rule, step, answer))


def _of(rule: FieldRule, step: str, answer: int | None) -> Iterator[str]:
    if _goes_through(rule.at, step):
        number = "" if answer is None else str(answer - 1)
        yield f"{rule.field}[{number}]" if rule.each else rule.field


def _goes_through(path: Path | None, step: str) -> bool:
    return any(one.name == step for one in path or ())
