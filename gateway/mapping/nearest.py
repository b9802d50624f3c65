"""The nearest fitting name, for errors that say what would have fitted."""

from collections.abc import Iterable
from difflib import get_close_matches

FEW = 8


def nearest(word: str, known: Iterable[str]) -> str:
    """Give `did you mean …?` with the nearest known word, or all of them when none is near and they are few."""
    words = {w.lower(): w for w in sorted(set(known))}
    found = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    if found:
        return f"did you mean {words[found[0]]}?"
    if 0 < len(words) <= FEW:
        return f"there is {', '.join(words.values())}"
    return ""
