"""The words of the plan's screens, for their help."""

from wizard.screens.frame import Word
from wizard.widgets.glyphs import Fill, fill

WORDS: tuple[Word, ...] = (
    ("gap", "how far the plan may be from the cheapest one there is; optimal: proven none is cheaper"),
    ("certain", "the same verdict at both ends of the speeds' band, and by more than the margin"),
    ("likely", "the same side is cheaper at both ends, at one by less than the margin; or not proven in time"),
    ("a tie", "which side is cheaper changes inside the band"),
    ("baseline", "the best plan of one strategy alone, on the same problem"),
    ("band", "how far the speed of a pool may be from what is predicted, up or down"),
    ("Mtok, FTE", "a million tokens; one person's full-time work"),
    ("est", "the figure is an estimate; enter tells how it was made"),
    ("doubt", "a default or an estimate that the plan rests on"),
    ("pool", "model : precision / GPUs of a replica / engine / provider @ region"),
    ("out", "pairs of segment and option that a rule turned down; t shows rule by rule"),
    ("loss", "what goes on, and at what cost, while a replica, all spot machines or a supplier is gone"),
    ("lever", "something that may turn out otherwise: volume, prices, lengths, salaries, rules"),
    ("same options", "this plan's models, suppliers and pools, counts and shares adapted; until it is solved"),
    ("flips", "the nearest move of a lever at which another verdict wins, all else equal"),
)


def bars(ascii_mode: bool) -> Word:
    """The fills of the bars as this terminal shows them."""
    kinds: tuple[tuple[Fill, str], ...] = (("=", "API"), ("#", "self-hosted"), (":", "people"), (".", "idle"))
    return "bars", ", ".join(f"{fill(kind, ascii_mode)} {name}" for kind, name in kinds)
