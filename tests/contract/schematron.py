"""A schematron evaluator of our own for the national schematrons, on elementpath's XPath 2.0; the oracle of the tests.

ISO/IEC 19757-3: in each pattern a node is held to the first rule whose context it matches; abstract rules are extended.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from elementpath import XPath2Parser, XPathContext
from lxml import etree

ISO = "{http://purl.oclc.org/dsdl/schematron}"


@cache
def _rules(file: Path) -> tuple[dict[str, str], tuple[tuple[tuple[str, Any, tuple[Any, ...]], ...], ...]]:
    schema = etree.parse(file).getroot()
    names = {ns.get("prefix"): ns.get("uri") for ns in schema.iter(f"{ISO}ns")}
    abstract = {rule.get("id"): rule for rule in schema.iter(f"{ISO}rule") if rule.get("abstract") == "true"}
    patterns = []
    for pattern in schema.iter(f"{ISO}pattern"):
        rules = [
            (rule.get("context"), rule, tuple(_steps(rule, abstract)))
            for rule in pattern.iter(f"{ISO}rule")
            if rule.get("abstract") != "true"
        ]
        patterns.append(tuple(rules))
    return names, tuple(patterns)


def _steps(rule: Any, abstract: dict[str, Any]) -> Iterator[Any]:
    for child in rule:
        if child.tag == f"{ISO}extends":
            yield from _steps(abstract[child.get("rule")], abstract)
        elif child.tag in (f"{ISO}assert", f"{ISO}let"):
            yield child


@cache
def _compiled(expression: str, file: Path, variables: tuple[str, ...]) -> Any:
    names, _ = _rules(file)
    return XPath2Parser(namespaces=names, variable_types=dict.fromkeys(variables, "item()*")).parse(expression)


def failed(document: Any, file: Path) -> list[str]:
    """Give the tests of the asserts that a document fails."""
    _, patterns = _rules(file)
    wrong = []
    for rules in patterns:
        seen: set[Any] = set()
        for context, _, steps in rules:
            for node in _compiled(context, file, ()).select(XPathContext(document)):
                if node not in seen:
                    seen.add(node)
                    wrong += _asserted(document, node, steps, file)
    return wrong


def _asserted(document: Any, node: Any, steps: tuple[Any, ...], file: Path) -> Iterator[str]:
    variables: dict[str, Any] = {}
    for step in steps:
        expression = step.get("value") or step.get("test")
        token = _compiled(expression, file, tuple(variables))
        context = XPathContext(document, item=node, variables=variables)
        if step.tag == f"{ISO}let":
            value = list(token.select(context))
            variables[step.get("name")] = value[0] if len(value) == 1 else value
        elif not token.boolean_value(list(token.select(context))):
            yield expression
