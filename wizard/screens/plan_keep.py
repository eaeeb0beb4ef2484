"""What of a look at the plan becomes answers: the moves of the levers, and an option that must be used."""

from typing import TYPE_CHECKING

from catalogs.toml_file import InputError
from wizard.scenario_keys import value_in
from wizard.session import put, shown
from wizard.what_if import IN_ANSWERS, kept, told
from wizard.widgets.listing import Row

if TYPE_CHECKING:
    from wizard.app import WizardApp
    from wizard.screens.plan_work import PlanWork


def keep_moves(wizard: "WizardApp", work: "PlanWork") -> str:
    """Type the moves into the answers and solve; what is the market's cannot be kept, and is told."""
    state, session = work.what_if, wizard.desk.session_now
    if not state.moves:
        return "Nothing is moved: left and right move a lever."
    able, market = kept(state.moves)
    titles = {lever.name: lever.title for lever in state.levers}
    left = ", ".join(titles[name] for name in market)
    if not able or work.explored is None:
        return f"{left}: of the market, not of your answers; wizard help files tells of overlays."
    tables = work.explored.explorer().scenario_after(able).model_dump()
    try:
        for name in able:
            for key in _keys(name, list(session.tables["segment"])):
                text = value_in(tables, key)
                if name == "salary" and (lever := state.lever(name)) is not None and not isinstance(lever.now, str):
                    text = f"{lever.now * able[name]:.0f}/year"
                if text != shown(session, key):
                    session = put(session, key, text)
    except InputError as error:
        return f"! {error.faults[0]}"
    wizard.desk.edit(session)
    wizard.solve_now()
    moved = ", ".join(f"{titles[name]} {told(lever, by)}" for name, by in able.items() if (lever := state.lever(name)))
    return f"Solving with {moved} as answers." + (f" Not kept, as of the market: {left}." if left else "")


def _keys(name: str, segments: list[str]) -> list[str]:
    pattern = IN_ANSWERS[name]
    return [pattern.replace("*", segment) for segment in segments] if "*" in pattern else [pattern]


def keep_option(wizard: "WizardApp", work: "PlanWork", row: Row) -> str:
    """Price a plan that must use the row's option; where it is priced, make it a rule and solve. Tell what is done."""
    option, kind = row.cells[-2], row.key.partition(" ")[0]
    if kind == "chosen":
        return f"{option} is chosen already."
    if kind == "out":
        return f"{option} is turned down ({row.cells[-1].removeprefix('! ')}): change that rule first, o shows it."
    if not work.able:
        return "Nobody can be asked for its price here."
    if option in work.priced:
        if work.priced[option] is None:
            return f"No plan that uses {option} was found."
        session = wizard.desk.session_now
        now = shown(session, "policy.must_use")
        rules = option if now in ("none", "") else f"{now}, {option}"
        wizard.desk.edit(put(session, "policy.must_use", rules))
        wizard.solve_now()
        return f"Solving with {option} as a rule; it is a constraint now, o shows it."
    if work.pricing:
        return f"One at a time: {work.pricing} is being priced."
    work.price(option)
    return ""
