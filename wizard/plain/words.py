"""What the plain questions say: each line stands alone, and is read from left to right as a sentence."""

from collections.abc import Mapping, Sequence

from solver.checklist import ITEMS, Item
from wizard.questions import Question, question_for
from wizard.session import YOU, Session, origin, shown, source
from wizard.store import Entry
from wizard.text.tables import VERDICTS, money, share

LEANS = {"api": "to the API", "self_host": "to self-hosting", "neutral": "neither way"}
COMMANDS = """\
In place of an answer you may type one letter:
  ?  what is asked, and why     b  back one question
  l  list what was answered     u  undo the last change
  o  all sections               s  solve with what there is
  w  save the plan              q  leave; what was answered is kept
enter keeps what stands in the brackets. default puts the profile's value back, none takes a limit away.
An answer that is one of these letters stands in quotes: "s"."""


def label_of(session: Session, key: str) -> str:
    """The words of a key's question, with its segment where there are several."""
    question = question_for(key)
    label = question.label if question else key
    parts = key.split(".")
    several = parts[0] == "segment" and len(session.tables.get("segment", {})) > 1
    return f"{parts[1]}: {label}" if several else label


def row_of(session: Session, key: str) -> str:
    """A question, its answer, and where that comes from: `requests: 60k/day (profile)`."""
    return f"{label_of(session, key)}: {shown(session, key)} ({_from(session, key)})"


def _from(session: Session, key: str) -> str:
    estimate = ", an estimate" if source(session, key).startswith("estimate") else ""
    return origin(session, key) + estimate


def help_of(session: Session, key: str, question: Question) -> list[str]:
    """What `?` tells of a question."""
    words = words_of(question)
    return [
        question.help,
        *([question.why] if question.why else []),
        f"Such as {question.example}." + (f" One of: {', '.join(words)}." if words else ""),
        f"Now {shown(session, key)}, from: {source(session, key) or 'the default'}.",
        f"Without questions: {question.setting}",
    ]


def words_of(question: Question) -> tuple[str, ...]:
    """The words that may be chosen by number; empty where a number is an answer itself."""
    if question.kind == "flag":
        return ("yes", "no")
    return question.choices if question.kind in ("choice", "choices") else ()


def by_number(question: Question, text: str) -> str:
    """An answer with numbers of words (`2`, or `1, 3` where several are taken) written out."""
    words = words_of(question)
    if not words:
        return text
    parts = [part.strip() for part in text.split(",")] if question.kind == "choices" else [text]
    written = [words[int(part) - 1] if part.isdecimal() and 1 <= int(part) <= len(words) else part for part in parts]
    return ", ".join(written)


def item_lines(item: Item, given: int | None, standing: int | None) -> list[str]:
    """An item of the checklist with its numbered answers; the one that stands is marked with a word."""
    lines = [f"Checklist {item.number} of {len(ITEMS)}, {item.title}. {item.question}", item.why]
    for digit in item.digits:
        mark = " (your answer)" if digit == given else " (as it stands)" if given is None and digit == standing else ""
        lines.append(f"  {digit}  {item.answer(digit).text}{mark}")
    return lines


def why_lines(item: Item) -> list[str]:
    """What `?` tells of an item: why it is asked, and what each answer advises."""
    lines = [item.question, item.why]
    for digit in item.digits:
        answer = item.answer(digit)
        lines.append(f"  {digit}  {answer.text}. Leans {LEANS[answer.lean]}. {answer.advice}")
    return lines


def answered(session: Session) -> list[str]:
    """All that was answered: by hand, then the checklist."""
    sources: Mapping[str, str] = session.tables.get("sources", {})
    given: Mapping[str, int] = session.tables.get("checklist", {})
    lines = [f"  {row_of(session, key)}" for key, text in sources.items() if text == YOU]
    lines += [
        f"  checklist {item.number}, {item.title}: {item.answer(int(given[item.id])).text}"
        for item in ITEMS
        if item.id in given
    ]
    return lines or ["  nothing yet: every value is the profile's"]


def draft_line(session: Session) -> str:
    """A draft of the list at home."""
    count = len(session.tables.get("checklist", {}))
    return f"draft {session.name}, {count} of {len(ITEMS)} of the checklist answered: go on with it"


def plan_line(entry: Entry) -> str:
    """A plan of the list at home."""
    if entry.plan is None:
        return f"{entry.path.stem}: cannot be read, {entry.problem}"
    plan = entry.plan.plan
    cost = "" if plan.total_per_month is None else f", {money(plan.total_per_month)} {plan.currency} a month"
    gap = "" if plan.gap is None else f", gap {share(plan.gap)}"
    saved = f", saved {entry.plan.saved}" if entry.plan.saved else ""
    return f"{entry.plan.name}: {VERDICTS[plan.verdict]}{cost}{gap}{saved}"


def numbered(lines: Sequence[str]) -> list[str]:
    """Lines with their numbers from 1."""
    return [f"  {number}  {line}" for number, line in enumerate(lines, 1)]
