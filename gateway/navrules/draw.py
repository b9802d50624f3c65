"""NAV's trees as a diagram (Mermaid), drawn from the data."""

from gateway.navrules.trees import END, NavRules, Tree


def draw(rules: NavRules) -> str:
    """Give one flowchart a tree, under a heading of its own, in NAV's order."""
    return "\n\n".join(_tree(rules, tree) for tree in rules.trees) + "\n"


def _tree(rules: NavRules, tree: Tree) -> str:
    lines = [f"### {tree.id}: {tree.en}", "", "```mermaid", "flowchart TD"]
    names = {step.id for step in tree.steps}
    for step in tree.steps:
        lines.append(f'    {step.id}{{"{step.id}<br/>{step.fact} {step.test}"}}')
        for word, end in (("yes", step.then), ("no", step.otherwise)):
            lines.append(f"    {step.id} -->|{word}| {end if end in names else _leaf(rules, end)}")
    return "\n".join((*lines, "```"))


def _leaf(rules: NavRules, end: str) -> str:
    if end == END:
        return "ok([OK])"
    outcome = rules.outcomes[end.removeprefix("=")]
    return f'end-{outcome.id}(["{outcome.status}<br/>{outcome.id}"])'
