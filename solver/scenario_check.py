"""Names in a scenario that only the catalog can tell right from wrong: all faults at once, with nearest spellings."""

import re
from collections.abc import Iterable, Mapping

from catalogs.catalog import Catalog
from catalogs.toml_file import Fault, InputError, quoted
from catalogs.vocabulary import COMMITTED
from solver.load_blocks import growth_factors
from solver.model_order import GPUS
from solver.patterns import can_match, means_api, nearest
from solver.pool_sites import Site
from solver.quality_floors import quality_faults
from solver.scenario import FILE, Scenario
from solver.sub_segments import user_regions
from solver.units import format_count

MOST_AT_THE_END = 1e7


def check_names(scenario: Scenario, catalog: Catalog, sites: tuple[Site, ...]) -> "Names":
    """Raise InputError with every name that means nothing here, and growth beyond reason; else all options' names."""
    faults = [*load_faults(scenario, catalog), *_users(scenario, catalog), *_growth(scenario)]
    faults += quality_faults(scenario, catalog)
    known = Names(catalog, sites)
    policy = scenario.policy
    for key, texts in (
        ("may_use", policy.may_use), ("must_use", policy.must_use), ("must_not_use", policy.must_not_use),
    ):  # fmt: skip
        faults += known.faults(f"policy.{key}", texts)
    faults += todays_faults(scenario, known, sites)
    for name, option in scenario.today.served_by.items():
        if name not in scenario.segment:
            hint = nearest(name, scenario.segment)
            faults.append(Fault(FILE, f"today.served_by.{name}", f'"{name}"', "a segment of the scenario", hint))
        faults += known.faults(f"today.served_by.{name}", (option,))
    sellers = {site.provider for site in sites} | {site.gpu for site in sites}
    sellers |= {f"{site.provider}/{site.gpu}" for site in sites}
    for name in policy.gpus_available:
        if name not in sellers:
            wanted = "a provider, a GPU, or provider/GPU"
            faults.append(Fault(FILE, f"policy.gpus_available.{name}", f'"{name}"', wanted, nearest(name, sellers)))
    if faults:
        raise InputError(*faults)
    return known


def todays_faults(scenario: Scenario, known: "Names", sites: tuple[Site, ...]) -> Iterable[Fault]:
    """Pools of today that mean no design; in a re-check commitments without a price, routes to no pool of these."""
    pools, policy = scenario.today.pools, scenario.policy
    for name, ways in pools.items():
        key = f"today.pools.{quoted(name)}"
        committed = [m for m in ways if m in COMMITTED and scenario.today.recheck]
        barred = [m for m in committed if m not in policy.purchase_types]
        for m in barred:
            yield Fault(FILE, f"{key}.{m}", f'"{m}"', "a purchase type of policy.purchase_types, or none in force")
        if barred:
            continue
        if not known.is_design(name):
            hint = known.nearest_to(name) if "/" in name else ""
            yield Fault(FILE, key, f'"{name}"', "the id of one pool design", hint)
            continue
        site = next((site for site in sites if site.has(name)), None)
        for m in committed:
            if site is None or (not site.barred and m not in site.purchases):
                wanted = "a purchase type with a price there; one of your own stands in [catalog.gpu_prices]"
                yield Fault(FILE, f"{key}.{m}", f'"{m}"', wanted)
    for segment, option in scenario.today.served_by.items() if scenario.today.recheck else ():
        if known.is_design(option) and option not in pools:
            wanted = f"its replicas in [today.pools.{quoted(option)}], as this is a re-check"
            yield Fault(FILE, f"today.served_by.{segment}", f'"{option}"', wanted)
        elif known.known(option) and not known.is_one(option):
            wanted = "the id of one option, as this is a re-check"
            yield Fault(FILE, f"today.served_by.{segment}", f'"{option}"', wanted)


def load_faults(scenario: Scenario, catalog: Catalog) -> Iterable[Fault]:
    """Load shapes that the catalog does not have; the scenario's own counts where a segment has none."""
    shapes = [("load", scenario.load)]
    if all(segment.load for segment in scenario.segment.values()):
        shapes = []
    shapes += [(f"segment.{name}.load", segment.load) for name, segment in scenario.segment.items() if segment.load]
    for key, shape in shapes:
        if shape not in catalog.load_shapes:
            hint = nearest(shape, catalog.load_shapes) or "wizard catalog shapes lists them"
            yield Fault(FILE, key, f'"{shape[:48]}"', "a load shape of the catalog", hint)


def _users(scenario: Scenario, catalog: Catalog) -> Iterable[Fault]:
    known = user_regions(catalog.regions)
    for name, segment in scenario.segment.items():
        for users in segment.users_in:
            if known and users not in known:
                areas = sorted(word for word in known if len(word) > 2 or word in ("eu", "us", "me"))
                wanted = "an area or a country of users: " + ", ".join(areas)
                yield Fault(FILE, f"segment.{name}.users_in", f'"{users}"', wanted, nearest(users, known))


def _growth(scenario: Scenario) -> Iterable[Fault]:
    """Requests that grow out of all reason, and out of what the solver can count, by the end of the horizon."""
    for name, segment in scenario.segment.items():
        by_then = segment.requests.per_second * growth_factors(segment.growth, scenario.horizon)[0]
        if by_then > MOST_AT_THE_END:
            wanted = f"at most {format_count(MOST_AT_THE_END)} requests/s at the end of the horizon"
            found = f"{segment.growth:.0%} a year, {format_count(by_then)} requests/s by then"
            yield Fault(FILE, f"segment.{name}.growth", found, wanted)


class Names:
    """What an option may be called: words, ids of API offers, and the parts of the ids of pool designs."""

    def __init__(self, catalog: Catalog, sites: tuple[Site, ...]) -> None:
        self._catalog = catalog
        self._offers = {offer.id: offer for offer in catalog.api_offers}
        self._elsewhere = {"apis", "pools"} | {site.provider for site in sites} | {site.gpu for site in sites}
        self._words = self._elsewhere | catalog.models.keys()
        counts = {*GPUS, *(rate.gpus for rate in catalog.rates)}
        self._parts = (
            [f"{model}:" for model in catalog.models],
            [f"{precision}/" for precision in catalog.precisions],
            [f"{count}x" for count in sorted(counts)],
            [f"{gpu}/" for gpu in catalog.gpus],
            [f"{engine}/" for engine in catalog.engines],
            sorted({site.name(count) for site in sites for count in counts if site.holds(count)}),
        )

    def known(self, text: str) -> bool:
        """Whether the text means some option, admissible or not."""
        if text in self._words or any(means_api(text, id_, offer) for id_, offer in self._offers.items()):
            return True
        return can_match(text, self._parts)

    def may_mean_pool(self, text: str) -> bool:
        """Whether the text may mean a pool design, admissible or not."""
        return (text in self._words and text != "apis") or can_match(text, self._parts)

    def is_one(self, text: str) -> bool:
        """Whether the text is the id of a single option."""
        return text in self._offers or self.is_design(text)

    def is_design(self, text: str) -> bool:
        """Whether the text is made of the parts of a design's id, admissible or not."""
        return not re.search(r"[*?\[]", text) and can_match(text, self._parts)

    def tells_apart(self, text: str, model: str, precision: str) -> bool:
        """Whether the text may mean designs of this model and format while it does not mean those of another."""
        return not self.is_of_place(text) and self.means(text, model, precision)

    def is_of_place(self, text: str) -> bool:
        """Whether the text means designs by GPU, engine or place alone (no model or format holds a `/` or `@`)."""
        return text in self._elsewhere or text.startswith(("*/", "*@"))

    def may_tell_engines_apart(self, text: str) -> bool:
        """Whether the text may mean designs of one engine and not of another."""
        plain = text in self._words or text.startswith("*@")
        return not plain and can_match(text, self._parts)

    def means(self, text: str, model: str, precision: str) -> bool:
        """Whether the text may mean a design of this model and format."""
        return text == model or can_match(text, ([f"{model}:"], [f"{precision}/"], *self._parts[2:]))

    def faults(self, key: str, texts: Iterable[str]) -> list[Fault]:
        """A fault for each text that means no option."""
        wanted = "an option id, a glob on ids, or a provider, model or GPU"
        return [Fault(FILE, key, f'"{text}"', wanted, self.nearest_to(text)) for text in texts if not self.known(text)]

    def nearest_to(self, text: str) -> str:
        """A hint at the nearest spelling, of the part of a design's id that is wrong where it is one."""
        if not re.match(r"[^/]+:[^/]+/", text):
            first, globs = text.partition("/")[0], bool(re.search(r"[*?\[]", text))
            words = sorted(self._words)
            near = nearest(first, words) if globs else nearest(text, [*self._offers, *words])
            return near or "such as openai/* or h100-sxm; wizard catalog apis, models and gpus list them"
        named: Mapping[str, Iterable[str]] = {
            "model": self._catalog.models, "precision": self._catalog.precisions, "gpu": self._catalog.gpus,
            "engine": self._catalog.engines, "place": self._parts[-1],
        }  # fmt: skip
        cells = re.split(r"[:/]", text, maxsplit=4)
        for cell, kind in zip(cells, ("model", "precision", "gpu", "engine", "place"), strict=False):
            word = re.sub(r"^\d+x", "", cell) if kind == "gpu" else cell
            choices = [choice.rstrip("/") for choice in named[kind]]
            if not re.search(r"[*?\[]", word) and word not in choices:
                return nearest(word, choices)
        return ""


class Named:
    """What the policy and today's set-up say of models and formats, whatever the GPU, engine or place."""

    def __init__(self, scenario: Scenario, names: Names) -> None:
        policy = scenario.policy
        self._names = names
        self.allowed = policy.may_use
        self._apart = (*policy.may_use, *policy.must_not_use, *scenario.named)

    def may_use(self, model: str, precision: str) -> bool:
        """Whether the policy allows some design of the model and format."""
        names = self._names
        return not self.allowed or any(
            (names.is_of_place(text) and text != "apis") or names.means(text, model, precision) for text in self.allowed
        )

    def tells_apart(self, model: str, precision: str) -> bool:
        """Whether a rule may mean designs of this model and format and not those of another."""
        return any(self._names.tells_apart(text, model, precision) for text in self._apart)

    def tells_engines_apart(self) -> bool:
        """Whether a rule may mean designs of one engine and not of another."""
        return any(self._names.may_tell_engines_apart(text) for text in self._apart)
