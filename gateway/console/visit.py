"""One visit to a page: who visits, in which language, with what asked and filled in, and how a page is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import RedirectResponse, Response

from gateway.console.desk import Desk, case_name, message_name, patient_name
from gateway.console.sessions import Session, Standing
from gateway.console.words import Words, languages, words
from gateway.core.visible import visible

TEMPLATES: Final = Path(__file__).parent / "templates"
SEE_OTHER: Final = 303


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit by somebody who is logged in. `form` is there on a POST, and its token was checked."""

    desk: Desk
    session: Session
    words: Words
    query: Mapping[str, str]
    path: Mapping[str, str]
    form: Mapping[str, str] = field(default_factory=dict, repr=False)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Give a page."""
        session = self.session
        known: dict[str, Any] = {
            "session": session,
            "here": template,
            "flash": session.told(),
            "policy": self.desk.rulebook.version.partition(":")[0],
            "party": self._party,
            "handle": session.handle,
        }
        return HtmlPage(rendered(template, self.words, {**known, **values}), status)

    def _party(self, actor: str) -> str:
        """Give an actor of the log in words: a party by its name, people by what they are and never by who."""
        kind, _, name = actor.partition(":")
        known = self.words.word("actors", kind)
        return self.desk.party(actor) if known == kind else f"{known} {name[:6]}".strip()

    def go(self, address: str, said: str = "") -> Response:
        """Send the browser on, after something was done."""
        self.session.flash = said
        return RedirectResponse(address, SEE_OTHER)

    @property
    def officer(self) -> bool:
        """Whether the visitor is an officer."""
        return self.session.standing is Standing.OFFICER


class HtmlPage(Response):
    """A page."""

    media_type = "text/html"

    def __init__(self, html: str, status: int = 200) -> None:
        super().__init__(html, status)


def rendered(template: str, texts: Words, values: Mapping[str, Any]) -> str:
    """Write a page in a language."""
    others = [words(one) for one in languages() if one != texts.language]
    common = {"t": texts, "others": others, "session": None, "flash": "", "here": template}
    return _environment().get_template(f"{template}.html").render({**common, **values})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"P": patient_name, "M": message_name, "S": case_name, "seen": seen}
    return environment


def seen(text: str) -> Markup:
    """Give somebody's text as it stands, apart from the page's own direction, and what is not seen in it marked."""
    told = visible(text, "<mark>{}</mark>".format, escape)
    return Markup(f"<bdi>{told}</bdi>")  # noqa: S704 - every part is escaped
