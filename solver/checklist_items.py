"""The nine questions of the decision checklist as data: answers, what each changes, where it leans, what it advises.

A key of `changes` with `*` stands for every segment; a value of None takes the key out. No key belongs to
two items, so the answers may come in any order. Thresholds and leans are those of the article
"Self-hosted vs hosted inference: vLLM, TGI, and the break-even math", unless said otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Lean = Literal["api", "self_host", "neutral"]


@dataclass(frozen=True)
class Answer:
    """One numbered answer: its text, where it leans, what it changes and what it advises."""

    text: str
    lean: Lean = "neutral"
    changes: Mapping[str, Any] = field(default_factory=dict)
    advice: str = ""


@dataclass(frozen=True)
class Item:
    """One item of the checklist. `answers[d - 1]` is answer d; 0 is always "don't know".

    `asks` names the keys (`*` for each segment) that a person may also give as figures here.
    """

    id: str
    number: int
    title: str
    question: str
    why: str
    answers: tuple[Answer, ...]
    unknown_advice: str
    asks: tuple[str, ...] = ()

    @property
    def digits(self) -> tuple[int, ...]:
        """The digits that answer this item, 0 last."""
        return (*range(1, len(self.answers) + 1), 0)

    def answer(self, digit: int) -> Answer:
        """The answer of a digit; raises KeyError when there is none."""
        if digit == 0:
            return Answer("don't know: keep the profile's, and list it as a doubt", "neutral", {}, self.unknown_advice)
        if digit not in self.digits:
            raise KeyError(f"{self.id} has no answer {digit}")
        return self.answers[digit - 1]


# 300 pairs judged even-handedly: 1.96 * sqrt(0.25 / 300) is 5.7 points, so a gap of 6 shows at 95%.
_RENTED = ["reserved_1m", "reserved_1y", "reserved_3y", "on_demand", "managed", "spot", "serverless"]
_UNSIGNED = ["on_demand", "managed", "spot", "serverless"]
_OWNED = [*_RENTED, "owned"]


def _fallback(coverage: str, spot: str, suppliers: int | None) -> dict[str, Any]:
    """What must go on whatever is lost: a replica, all spot or a provider, as the policy has it by default."""
    return {
        "segment.*.coverage": coverage, "segment.*.spot_tolerance": spot, "policy.min_suppliers": suppliers,
        "policy.contingencies": None,
    }  # fmt: skip


ITEMS: tuple[Item, ...] = (
    Item(
        "spend",
        1,
        "Spend",
        "What do the APIs cost you a month today, in USD?",
        "Running a pool costs engineers' time whatever the volume; small bills cannot pay for it.",
        (
            Answer(
                "under 1,000, and steady", "api", {"segment.*.growth": "0%"},
                "Under 1,000 a month no pool pays for its engineers: keep the API, and look again "
                "when the bill has grown fivefold.",
            ),
            Answer(
                "1,000 to 5,000, and steady", "api", {"segment.*.growth": "0%"},
                "Under 5,000 a month hosting rarely pays (rule of thumb); set it beside the "
                "break-even that this plan computes.",
            ),
            Answer(
                "5,000 to 10,000, and steady", "neutral", {"segment.*.growth": "0%"},
                "5,000 to 10,000 a month is where hosting is worth a look (rule of thumb); compare "
                "open models on an API first.",
            ),
            Answer(
                "over 10,000, and steady", "self_host", {"segment.*.growth": "0%"},
                "Over 10,000 a month: give the bill as billed (today.bill), so that tokens times "
                "prices is reconciled with it.",
            ),
            Answer(
                "under 5,000, but it doubles within a year", "neutral", {"segment.*.growth": "100%"},
                "The plan is sized for the end of the horizon: check the forecast before anything is signed.",
            ),
            Answer(
                "over 5,000, and it doubles within a year", "self_host", {"segment.*.growth": "100%"},
                "The plan is sized for the end of the horizon: buy in steps, each when the load has come.",
            ),
        ),
        "Read last month's API invoices: bill, requests and tokens by use.",
        ("today.bill", "segment.*.requests", "segment.*.growth"),
    ),
    Item(
        "load",
        2,
        "Load",
        "How steady is the traffic over a week?",
        "A GPU is paid for while it idles; an API is not.",
        (
            Answer(
                "flat, day and night", "self_host", {"load": "flat"},
                "Steady load suits committed GPUs: confirm it on two weeks of logs before a term is signed.",
            ),
            Answer(
                "office hours, weekdays", "api", {"load": "office-hours"},
                "Nights and weekends idle: move what may wait into them, or take batch prices.",
            ),
            Answer(
                "evenings and weekends", "api", {"load": "evenings"},
                "Mornings idle: move what may wait into them, or take batch prices.",
            ),
            Answer(
                "bursts, over ten times the mean", "api", {"load": "bursts"},
                "Bursts of ten times the mean waste a pool: serve the base load at most, and let an "
                "API take the peaks.",
            ),
            Answer(
                "measured: I have a request log", "neutral", {},
                "Put the hourly means of a week under catalog.load_shapes (24 or 168 values over "
                "their mean) and name it in `load`.",
            ),
        ),
        "Count requests by hour over two weeks; until then the profile's shape is a guess.",
        ("load", "blocks"),
    ),
    Item(
        "team",
        3,
        "Team",
        "Who would run it, and how fast must you change models?",
        "Somebody must be on call for a pool, and each new model is a deployment.",
        (
            Answer(
                "people who run GPUs today, and are on call", "self_host", {"team.expertise": "yes"},
                "Name the owner and a deputy; part of their year is in the bill as people.",
            ),
            Answer(
                "nobody yet, but we can hire or train", "neutral", {"team.expertise": "hire"},
                "Hire or train before the pool goes live; until then the API carries the load.",
            ),
            Answer(
                "nobody, and nobody will", "api", {"team.expertise": "none"},
                "Without operators only managed or serverless endpoints are offered; things break "
                "without dedicated capacity.",
            ),
            Answer(
                "people, but we try new models every month", "api", {"team.expertise": "yes"},
                "Rapid iteration leans to the API: host only what has stood still for a quarter.",
            ),
        ),
        "Ask who would be called at night; without a name, answer 3.",
        ("team.expertise", "team.engineer_cost", "team.operations_fte", "team.setup_weeks"),
    ),
    Item(
        "quality",
        4,
        "Quality",
        "Does an open model do the work well enough?",
        "Only what an open model can do can be hosted; the rest stays on a closed API.",
        (
            Answer(
                "yes, measured on our own prompts", "self_host", {"segment.*.features": []},
                "Evaluate again each quarter: closed models move on, and a hosted one stays as it was.",
            ),
            Answer(
                "we believe so, not measured", "neutral", {"segment.*.features": []},
                "The plan is conditional on an evaluation: 300 of your own prompts a segment, judged "
                "blind, tell a gap of 6 points.",
            ),
            Answer(
                "yes, even a small one (measured)", "self_host", {"segment.*.quality": "low", "segment.*.features": []},
                "Keep a tenth of the evaluation set unseen, and repeat it after each change of precision.",
            ),
            Answer(
                "no: only the best models do", "api", {"segment.*.quality": "frontier", "segment.*.features": []},
                "Split off the requests that a lesser model could do: often most of them, and the cheap part.",
            ),
            Answer(
                "it must be our own fine-tune", "self_host", {"segment.*.features": ["fine_tune"]},
                "Keep the training data and recipe: a better base model each half-year means tuning again.",
            ),
        ),
        "Evaluate an open model on 300 of your own prompts a segment before you host it.",
        ("segment.*.quality", "segment.*.task", "segment.*.features"),
    ),
    Item(
        "latency",
        5,
        "Latency",
        "How soon must the first token come?",
        "A tight limit means fewer requests a GPU, and rules out what is far away.",
        (
            Answer(
                "nobody waits: within a day will do", "neutral",
                {"segment.*.ttft": None, "segment.*.tpot": None, "segment.*.may_wait": True},
                "Batch prices are about half: ask each API for its batch tier.",
            ),
            Answer(
                "within 5 s", "neutral", {"segment.*.ttft": "5 s", "segment.*.may_wait": False},
                "Measure the first token with your own prompts, at the hour of your peak.",
            ),
            Answer(
                "within 3 s", "neutral", {"segment.*.ttft": "3 s", "segment.*.may_wait": False},
                "Measure the first token with your own prompts, at the hour of your peak.",
            ),
            Answer(
                "within 800 ms", "neutral", {"segment.*.ttft": "800 ms", "segment.*.may_wait": False},
                "Measure it from where the users are: the round trip counts.",
            ),
            Answer(
                "under 200 ms", "self_host", {"segment.*.ttft": "190 ms", "segment.*.may_wait": False},
                "Under 200 ms no estimate is trusted: measure each API you would consider, and keep the prompts short.",
            ),
            Answer(
                "as the profile says, for users on several continents", "api", {},
                "Users far apart need a pool in each region, or an API that has one: name them in users_in.",
            ),
        ),
        "Ask users at what wait they leave; until then the profile's limits stand.",
        ("segment.*.ttft", "segment.*.tpot", "segment.*.percentile", "segment.*.users_in", "segment.*.may_wait"),
    ),
    Item(
        "cost",
        6,
        "Full cost",
        "Over how long do you decide, and what may be signed or bought?",
        "A longer term is cheaper an hour, and dearer when the decision turns.",
        (
            Answer(
                "half a year, nothing signed", "api", {"horizon": "6 months", "policy.purchase_types": _UNSIGNED},
                "Nothing signed is the dearest hour and the cheapest mistake.",
            ),
            Answer(
                "a year, terms up to a year", "neutral",
                {"horizon": "12 months", "policy.purchase_types": _RENTED},
                "Ask for a price with an exit: GPU prices have fallen within a year's term.",
            ),
            Answer(
                "three years, terms welcome", "self_host", {"horizon": "36 months", "policy.purchase_types": _RENTED},
                "Three years is long for a GPU: see what the plan costs if its price falls by a third.",
            ),
            Answer(
                "three years, and money to buy servers", "self_host",
                {"horizon": "36 months", "policy.purchase_types": _OWNED},
                "Count spares, power, space and resale: the bill shows each as an estimate.",
            ),
            Answer(
                "a year, and we own GPUs already", "self_host",
                {"horizon": "12 months", "policy.purchase_types": _OWNED},
                "Say what runs in today.pools, and today.recheck: what is paid is sunk; power, space, people are not.",
            ),
        ),
        "Ask finance for the horizon and whether capital is to be had; set-up is spread over that horizon.",
        ("horizon", "policy.purchase_types", "policy.capital", "policy.budget"),
    ),
    Item(
        "fallback",
        7,
        "Fallback",
        "What must go on when a replica, all spot machines or a supplier is gone?",
        "With a pool of your own, you own its outages.",
        (
            Answer(
                "everything, at once", "api",
                _fallback("100%", "0%", 2),
                "Drill the fallback each quarter, with real traffic; keep room for blue and green "
                "when a model changes.",
            ),
            Answer(
                "everything, slower for a while", "neutral",
                _fallback("100%", "20%", None),
                "Drain a spot machine on its notice (30 to 120 s), and let an API take what it held.",
            ),
            Answer(
                "half of it", "neutral",
                _fallback("50%", "50%", None),
                "Write down which half: who is refused first must be decided before the outage.",
            ),
            Answer(
                "nothing: it may fail and be done again", "self_host",
                _fallback("0%", "100%", None),
                "Make each request safe to repeat: spot machines are taken away in the middle of one.",
            ),
        ),
        "Ask what an hour without answers costs; without a fallback an outage is yours alone.",
        ("segment.*.coverage", "segment.*.spot_tolerance", "policy.min_suppliers", "policy.contingencies"),
    ),
    Item(
        "data",
        8,
        "Data",
        "Who may see the prompts, and where?",
        "What may not leave decides before any price does.",
        (
            Answer(
                "anyone, anywhere", "api",
                {
                    "segment.*.processing_in": None, "segment.*.storage_in": None,
                    "segment.*.no_training": False, "segment.*.max_retention_days": None,
                    "segment.*.operated_by": [],
                },
                "Say so in your own privacy notice, and look again when a new kind of data comes in.",
            ),
            Answer(
                "any country, but never for training", "neutral",
                {
                    "segment.*.processing_in": None, "segment.*.storage_in": None,
                    "segment.*.no_training": True, "segment.*.max_retention_days": None, "segment.*.operated_by": [],
                },
                "Check the contract: training off by default, or only on request?",
            ),
            Answer(
                "only within the EU, never for training", "neutral",
                {
                    "segment.*.processing_in": "eu", "segment.*.storage_in": "eu", "segment.*.no_training": True,
                    "segment.*.max_retention_days": None, "segment.*.operated_by": [],
                },
                "Check the contract: processing and storage are separate settings, and a data "
                "processing agreement must be signed by you.",
            ),
            Answer(
                "only within the US, never for training", "neutral",
                {
                    "segment.*.processing_in": "us", "segment.*.storage_in": "us", "segment.*.no_training": True,
                    "segment.*.max_retention_days": None, "segment.*.operated_by": [],
                },
                "Check the contract: processing and storage are separate settings, each with its own exceptions.",
            ),
            Answer(
                "nothing may be kept: no retention", "self_host",
                {
                    "segment.*.processing_in": None, "segment.*.storage_in": None,
                    "segment.*.no_training": True, "segment.*.max_retention_days": 0, "segment.*.operated_by": [],
                },
                "Zero retention is a contract with exceptions: have them named, and who approves them.",
            ),
            Answer(
                "only on machines that are ours", "self_host",
                {
                    "segment.*.processing_in": None, "segment.*.storage_in": None,
                    "segment.*.no_training": True, "segment.*.max_retention_days": None,
                    "segment.*.operated_by": ["self"],
                },
                "This needs owned servers (item 6, answers 4 and 5): a rented GPU is operated by its cloud.",
            ),
        ),
        "Ask who is responsible for the data; until then nothing is ruled out for its sake.",
        (
            "segment.*.processing_in", "segment.*.storage_in", "segment.*.no_training", "segment.*.max_retention_days",
            "segment.*.agreements", "segment.*.attestations", "segment.*.operated_by", "segment.*.network",
        ),
    ),
    Item(
        "revisit",
        9,
        "Revisit",
        "When will you look at this decision again?",
        "Prices and models move: what was right two years ago may be wrong now.",
        (
            Answer(
                "each quarter", "neutral", {"policy.beyond_horizon": "forbid"},
                "Re-check in three months, or sooner if volume or a price moves by a third; name who does it.",
            ),
            Answer(
                "when the bill moves by half", "neutral", {"policy.beyond_horizon": "forbid"},
                "Set an alert on the monthly bill at plus and minus half; a cheaper model moves no "
                "bill, so look each half-year too.",
            ),
            Answer(
                "each year", "neutral", {"policy.beyond_horizon": "forbid"},
                "A year is long: open-model API prices have halved within 18 months. Do not sign beyond the next look.",
            ),
            Answer(
                "not planned", "api", {"policy.beyond_horizon": "charge"},
                "A decision that nobody looks at again should be one that is easy to leave: sign "
                "nothing, and put a date in a calendar.",
            ),
        ),
        "Put a date three months ahead in somebody's calendar.",
        ("policy.beyond_horizon",),
    ),
)  # fmt: skip
