"""The plan's figures on a page: readings, load, checklist, and the prices it rests on."""

from solver.plan import Plan
from wizard.text.tables import number

LEANS = {"api": "leans to the API", "self_host": "leans to self-hosting", "neutral": "leans neither way"}


def figures(plan: Plan) -> list[str]:
    """Lines of the page; a figure that is an estimate is marked `est`."""
    lines = [f"Catalog as of {plan.catalog_as_of}; options, program and solve took {plan.seconds:.1f} s"]
    if plan.readings:
        lines += ["", "Readings"]
        for each in plan.readings:
            lines.append(_row(each.value, each.unit, f"{each.name}: {each.says}" if each.says else each.name))
    if plan.checklist:
        lines += ["", "Checklist"]
        for item in plan.checklist:
            lines += [f"  {item.item:<10}  {item.answer} ({LEANS[item.lean]})"]
            lines += [f"  {'':<10}  {item.advice}"] if item.advice else []
    for title, prices in (("Prices", plan.prices), ("Exchange rates", plan.exchange_rates)):
        lines += ["", title] if prices else []
        for name, used in prices.items():
            est = " est" if used.estimate else ""
            lines.append(_row(used.value, used.unit + est, f"{name}, {used.date}, {used.source}"))
    return lines


def _row(value: float, unit: str, says: str) -> str:
    return f"  {number(value):>10} {unit:<13}  {says}"
