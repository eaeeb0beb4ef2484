"""The plan's figures on a page: readings, load, checklist, and the prices it rests on."""

from collections.abc import Sequence

from solver.plan import Plan, PriceUsed, ScoreHeld
from wizard.text.tables import number, price

LEANS = {"api": "leans to the API", "self_host": "leans to self-hosting", "neutral": "leans neither way"}


def figures(plan: Plan) -> list[str]:
    """Lines of the page; a figure that is an estimate is marked `est`."""
    lines = [f"Catalog as of {plan.catalog_as_of}; options, program and solve took {plan.seconds:.1f} s"]
    if plan.readings:
        lines += ["", "Readings"]
        says = [f"{each.name}: {each.says}" if each.says else each.name for each in plan.readings]
        lines += _rows([(number(r.value), r.unit, text) for r, text in zip(plan.readings, says, strict=True)])
    if plan.scores:
        lines += ["", "Quality floors that are kept"]
        lines += _rows([(number(row.score), row.unit, _floor(row)) for row in plan.scores])
    if plan.checklist:
        lines += ["", "Checklist"]
        for item in plan.checklist:
            lines += [f"  {item.item:<10}  {item.answer} ({LEANS[item.lean]})"]
            lines += [f"  {'':<10}  {item.advice}"] if item.advice else []
    for title, prices, of in (("Prices", plan.prices, plan.currency), ("Exchange rates", plan.exchange_rates, "")):
        lines += ["", title] if prices else []
        lines += _rows(
            [
                (price(used.value), _unit(used, of), f"{name}, {used.date}, {used.source}")
                for name, used in prices.items()
            ]
        )
    return lines


def _floor(row: ScoreHeld) -> str:
    """Who keeps which floor on which table; a score that is an estimate in any part is marked."""
    served = f"{row.model} at {row.precision}" if row.precision else row.model
    told = f"{row.segment}: {served}, at least {number(row.threshold)} on {row.benchmark} of {row.date}"
    return f"{told}; est: {row.estimate}" if row.estimate else told


def _unit(used: PriceUsed, currency: str) -> str:
    """The unit with its currency, `USD/Mtok`, and whether the figure is an estimate."""
    unit = used.unit if "/" in used.unit or not currency else f"{currency}/{used.unit}"
    return f"{unit} est" if used.estimate else unit


def _rows(figures: Sequence[tuple[str, str, str]]) -> list[str]:
    wide = min(max((len(unit) for _, unit, _ in figures), default=0), 22)
    return [f"  {figure:>10} {unit:<{wide}}  {says}" for figure, unit, says in figures]
