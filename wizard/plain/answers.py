"""The questions themselves: one after the other, by number on a page, the segments, the nine items."""

from collections.abc import Callable, Sequence
from functools import partial

from catalogs.profiles import profile_names
from solver.checklist import ITEMS, implied, tally
from wizard.exits import say
from wizard.plain.prompt import Place
from wizard.plain.sitting import Sitting, chosen_of, tell
from wizard.plain.words import (
    LEANS,
    by_number,
    help_of,
    item_lines,
    label_of,
    numbered,
    row_of,
    why_lines,
    words_of,
)
from wizard.questions import Page, on_page, question_for
from wizard.session import (
    Session,
    add_segment,
    answer,
    at,
    clear,
    copy_segment,
    figures_of,
    foreseen,
    put,
    reads_as,
    rename_segment,
    scenario_of,
    shown,
    typed_above,
)


class Answers(Sitting):
    """Each method that returns a Place is one: it asks, and tells where to go on."""

    def asked(self, keys: Sequence[str], place: int, screen: str) -> Place:
        """Question after question; after the last, the sections."""
        return partial(self._ask_one, keys, place, screen)

    def _ask_one(self, keys: Sequence[str], place: int, screen: str) -> Place:
        if place >= len(keys):
            return self.sections
        first: Place = self.profile if screen == "quick" else self.sections
        before = self.asked(keys, place - 1, screen) if place else first
        key = keys[place]
        say(f"{place + 1} of {len(keys)}")
        self.answer_key(key, before, (lambda made: at(made, screen, place)) if screen else lambda made: made)
        return self.asked(keys, place + 1, screen)

    def answer_key(self, key: str, back: Place, placed: Callable[[Session], Session]) -> None:
        """Ask for a key until it is answered or kept."""
        question = question_for(key)
        assert question is not None
        tell(f"{label_of(self.session, key)}. {question.help}", *numbered(words_of(question)))
        while True:
            row = row_of(self.session, key).removeprefix(f"{label_of(self.session, key)}: ")
            text = self.ask("Answer", row, help_of(self.session, key, question), back)
            if not text:
                return
            text = by_number(question, text)
            cleared = text.lower() == "default"
            if self.change(lambda: placed(clear(self.session, key) if cleared else put(self.session, key, text))):  # noqa: B023
                now = shown(self.session, key)
                read = now if cleared else reads_as(key, text)
                say(f"{label_of(self.session, key)}: {now}" + (f", read as {read}" if read != now else ""))
                return

    def keys_of_page(self, page: Page, segment: str = "") -> list[str]:
        """The full keys of a page, segment by segment."""
        segments = [segment] if segment else list(self.session.tables.get("segment", {}))
        questions = on_page(page)
        if any("{segment}" in question.key for question in questions):
            return [question.key_for(name) for name in segments for question in questions]
        return [question.key for question in questions]

    def page(self, page: Page, segment: str = "", told: bool = False) -> Place:
        """The questions of a section by number, so that one need not pass through all."""
        keys = self.keys_of_page(page, segment)
        again = partial(self.page, page, segment)
        if not told:
            tell("", *numbered([row_of(self.session, key) for key in keys]))
        help_ = ("The number of a question asks it; all asks one after the other; enter goes to the sections.",)
        while True:
            text = self.ask("Number of a question, all, or enter for the sections", "", help_, self.sections)
            chosen = chosen_of(text, len(keys))
            if not text:
                return self.sections
            if text == "all":
                return self.asked(keys, 0, "")
            if chosen is not None:
                self.answer_key(keys[chosen], again, lambda made: made)
                return partial(self.page, page, segment, True)
            say(f"! wanted a number from 1 to {len(keys)}")

    def segments(self) -> Place:
        """Add, copy and delete segments, in words."""
        names = list(self.session.tables.get("segment", {}))
        tell("", f"Segments: {', '.join(names)}.")
        profiles = ", ".join(profile_names())
        help_ = (
            f"add PROFILE: a segment with the values of {profiles}; add PROFILE NAME names it.",
            "copy NAME: one more like it. rename NAME NEW. delete NAME takes it out; u brings it back.",
        )
        while True:
            text = self.ask("add, copy, rename, delete and a name, or enter for the sections", "", help_, self.sections)
            word, _, rest = text.partition(" ")
            first, _, second = rest.strip().partition(" ")
            if not text:
                return self.sections
            if word not in ("add", "copy", "rename", "delete") or not first:
                say("! wanted add, copy, rename or delete, and a name")
            elif word == "rename" and not second:
                say("! wanted rename NAME NEW")
            elif word == "add" and first not in profile_names():
                say(f"! found {first}; wanted one of {profiles}")
            elif word != "add" and first not in names:
                say(f"! found {first}; wanted one of {', '.join(names)}")
            elif self.change(partial(self._reshaped, word, first, second.strip())):
                return self.segments

    def _reshaped(self, word: str, first: str, second: str) -> Session:
        if word == "add":
            return add_segment(self.session, first, second)
        if word == "rename":
            return rename_segment(self.session, first, second)
        return copy_segment(self.session, first) if word == "copy" else put(self.session, f"segment.{first}", "none")

    def checklist(self) -> Place:
        """The nine items by number; enter asks the first that is open."""
        given = self.session.tables.get("checklist", {})
        states = [
            f"{item.title}: {item.answer(int(given[item.id])).text if item.id in given else 'open'}" for item in ITEMS
        ]
        tell("", *numbered(states), self._leans())
        first = next((item.number for item in ITEMS if item.id not in given), 1)
        while True:
            text = self.ask("Number of an item", str(first), (), self.sections) or str(first)
            chosen = chosen_of(text, len(ITEMS))
            if chosen is not None:
                return partial(self.item, chosen)
            say(f"! wanted a number from 1 to {len(ITEMS)}")

    def _leans(self) -> str:
        counts = tally({name: int(digit) for name, digit in self.session.tables.get("checklist", {}).items()})
        return f"Leans so far: API {counts['api']}, self-host {counts['self_host']}, neutral {counts['neutral']}."

    def _figures(self, keys: Sequence[str], at_key: int, place: int) -> Place:
        """The figures of an item one after the other; after the last, the item as it stands then."""

        def asked() -> Place:
            back = self._figures(keys, at_key - 1, place) if at_key else partial(self.item, place)
            self.answer_key(keys[at_key], back, lambda made: made)
            return self._figures(keys, at_key + 1, place)

        return asked if at_key < len(keys) else partial(self.item, place)

    def item(self, place: int) -> Place:
        """One item; a digit answers and tells what it does, f asks its figures, enter goes on."""
        if place >= len(ITEMS):
            return self.sections
        item, session = ITEMS[place], self.session
        found = session.tables.get("checklist", {}).get(item.id)
        given = None if found is None else int(found)
        figures = figures_of(item, session)
        asked = [f"  f  {row_of(session, key)}" for key in figures]
        tell("", *item_lines(item, given, implied(scenario_of(session), item.id)), *asked)
        back = partial(self.item, place - 1) if place else self.checklist
        keeps = "enter goes on, unanswered" if given is None else str(given)
        while True:
            also = ", f to type its figures" if figures else ""
            text = self.ask(f"Answer 0 to {max(item.digits)}{also}", keeps, why_lines(item), back)
            if not text:
                return partial(self.item, place + 1)
            if text == "f" and figures:
                return self._figures(figures, 0, place)
            if not text.isdecimal() or int(text) not in item.digits:
                say(f"! wanted a number from 0 to {max(item.digits)}")
            elif self.change(lambda: at(answer(self.session, item.id, int(text)), f"checklist {place + 1}", int(text))):  # noqa: B023
                chosen = item.answer(int(text))
                above = typed_above(self.session, item.id, int(text))
                tell(f"Effect: {foreseen(self.session, item.id, int(text), self.catalog)}.")
                if above:
                    say(f"Your own answer stands above it: {'; '.join(row_of(self.session, key) for key in above)}.")
                tell(*([f"Advice: {chosen.advice}"] if chosen.advice else []), f"It leans {LEANS[chosen.lean]}.")
                return partial(self.item, place + 1)
