"""What the wizard asks, as data: one declaration gives the widget, `--set key=value`, the help and the plain prompt.

Bounds and units live in the scenario; a question only says how to ask. The checklist's nine questions are the
solver's (`solver.checklist.ITEMS`), for they also advise.
"""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from wizard.scenario_keys import field_of

Kind = Literal["rate", "money", "tokens", "share", "time", "months", "number", "choice", "choices", "flag", "text"]
Page = Literal["quick", "segment", "constraints", "team"]


@dataclass(frozen=True)
class Question:
    """One question. `{segment}` in `key` is filled in with the name of the segment asked about."""

    id: str
    key: str
    label: str
    kind: Kind
    page: Page
    example: str
    help: str
    why: str = ""
    unit_hint: str = ""

    def key_for(self, segment: str = "") -> str:
        """The full scenario key, such as `segment.chat.requests`."""
        return self.key.replace("{segment}", segment)

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that may be given, read from the scenario's own type; empty where any text may be."""
        field = field_of(self.key)
        return _words(field.annotation) if field else ()

    @property
    def setting(self) -> str:
        """How the answer is given without a screen: `--set chat.requests=60k/day`."""
        return f"--set {self.key.removeprefix('segment.').replace('{segment}', 'SEGMENT')}={self.example}"


def _words(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(str(word) for word in get_args(annotation))
    return tuple(dict.fromkeys(word for part in get_args(annotation) for word in _words(part)))


def _segment(name: str, label: str, kind: Kind, example: str, says: str, why: str = "", hint: str = "") -> Question:
    return Question(name, f"segment.{{segment}}.{name}", label, kind, "segment", example, says, why, hint)


def _rule(key: str, label: str, kind: Kind, example: str, says: str, page: Page = "constraints") -> Question:
    return Question(key.rpartition(".")[2], key, label, kind, page, example, says)


SEGMENT: tuple[Question, ...] = (
    _segment(
        "requests", "requests", "rate", "60k/day",
        "Requests an hour, a day or a month; retries count as requests.",
        "The volume decides more than any price.", "a day",
    ),
    _segment(
        "growth", "growth in a year", "share", "30%",
        "How much more a year from now; -20% for less. Sizes the end of the horizon.",
        "Capacity is bought for the end of the horizon, tokens for its mean.",
    ),
    _segment(
        "input_tokens", "input tokens, p50 / p95", "tokens", "1.2k / 4k",
        "Tokens of one request, history and instructions included: mean or p50 / p95.",
        "Input is what an API charges most of, and what the first token waits for.", "a request",
    ),
    _segment(
        "shared_prefix", "of which a shared prefix", "share", "30%",
        "The part of the input that is the same in many requests, such as instructions.",
        "A cached prefix costs a tenth to a half on an API, and no work on a GPU.",
    ),
    _segment(
        "output_tokens", "output tokens, p50 / p95", "tokens", "250 / 800",
        "Tokens of one answer, reasoning included: a mean, or p50 / p95.",
        "Output is the dear part an API token, and the slow part on a GPU.", "a request",
    ),
    _segment(
        "ttft", "first token within", "time", "800 ms",
        "The longest wait for the first token; none where nobody waits.",
        "A tight limit rules out slow APIs, and fewer requests share a GPU.",
    ),
    _segment(
        "tpot", "then each token within", "time", "50 ms",
        "The longest wait for each next token; 50 ms is 20 tokens a second.",
        "It bounds how many requests share a GPU.",
    ),
    _segment("percentile", "limits hold for", "number", "p95", "The share of requests that must keep both limits."),
    _segment(
        "task", "kind of task", "choice", "chat",
        "Which benchmarks judge the quality, and how much a smaller precision costs.",
    ),
    _segment(
        "quality", "quality at least", "choice", "mid",
        "low to frontier, on a benchmark that the plan names; or one of your own.",
        "What an open model cannot do stays on a closed API.",
    ),
    _segment(
        "features", "must offer", "choices", "fine_tune",
        "fine_tune: your own weights; fixed_version: no silent change; frontier.",
    ),
    _segment(
        "processing_in", "data may go to", "text", "eu",
        "anywhere, eu, eea, or countries such as de: where prompts may be processed.",
        "What may not leave decides before any price does.",
    ),
    _segment(
        "storage_in", "data may be kept in", "text", "eu",
        "anywhere, eu, eea, or countries: where prompts may be stored.",
    ),
    _segment(
        "no_training", "never for training", "flag", "yes",
        "yes: only suppliers that declare not to train on your data.",
    ),
    _segment("max_retention_days", "kept at most, days", "number", "30", "0 for zero retention; none for no limit."),
    _segment(
        "agreements", "agreements signed", "choices", "dpa",
        "dpa, baa, scc: they must be signed by you, an offer is not enough.",
    ),
    _segment("attestations", "attested", "choices", "soc2, iso27001", "Reports that the supplier must declare."),
    _segment(
        "operated_by", "operated by", "choices", "self",
        "self, provider, cloud_operated: who could be compelled to hand data over.",
    ),
    _segment(
        "network", "network", "choice", "private",
        "air_gapped, private or internet: how far the machine may be reached.",
    ),
    _segment("license", "licence of the model", "choices", "permissive", "Licence classes that your lawyers accept."),
    _segment(
        "users_in", "users are in", "text", "eu=60%, us=40%",
        "Regions with shares that add to 100%; the round trip delays the first token.",
    ),
    _segment(
        "coverage", "if a supplier fails", "share", "100%",
        "The share still served when a replica, all spot or a supplier is gone.",
        "With a pool of your own, you own its outages.",
    ),
    _segment(
        "spot_tolerance", "spot share, at most", "share", "20%",
        "The share that may rest on machines that can be taken away.",
    ),
    _segment(
        "may_wait", "may wait", "flag", "no",
        "yes: within a day is soon enough, so batch prices and quiet hours count.",
    ),
    _segment(
        "load", "its own load shape", "text", "flat",
        "A load shape of the catalog for this segment alone; none for the plan's.",
    ),
)  # fmt: skip

CONSTRAINTS: tuple[Question, ...] = (
    _rule(
        "horizon", "decide for", "months", "12 months",
        "Set-up is spread over it, and no term is signed beyond it.",
    ),
    _rule(
        "load", "load shape", "text", "azure2024_conversation",
        "The shape of the week, by a name in the catalog (wizard catalog shapes).",
    ),
    _rule(
        "blocks", "load blocks", "number", "24",
        "Hours of like load are merged into so many blocks; 168 merges none.",
    ),
    _rule(
        "policy.budget", "budget, at most", "money", "10k/month",
        "The whole bill stays under it, people included; none for no limit.",
    ),
    _rule(
        "policy.min_suppliers", "suppliers, at least", "number", "2",
        "Different companies that must each be in use.",
    ),
    _rule(
        "policy.max_suppliers", "suppliers, at most", "number", "3",
        "Each supplier is one more contract.",
    ),
    _rule(
        "policy.max_pool_designs", "pool designs, at most", "number", "3",
        "Each kind of pool is one more thing to run. 3 is the most we would start with.",
    ),
    _rule(
        "policy.margin", "self-hosting must save", "share", "10%",
        "Of the API bill, at the worst of its speed; below that the API is recommended.",
    ),
    _rule(
        "policy.simple_within", "simplest plan within", "share", "5%",
        "What a plan that is simpler to run may cost more, to be offered too.",
    ),
    _rule(
        "policy.purchase_types", "purchase types", "choices", "on_demand, reserved_1y",
        "How GPUs may be paid for.",
    ),
    _rule(
        "policy.beyond_horizon", "terms beyond the horizon", "choice", "forbid",
        "forbid them, or charge the rest of the term to the plan.",
    ),
    _rule(
        "policy.contingencies", "goes on without", "choices", "replica, provider",
        "What may be lost, one at a time, where a share must go on: coverage.",
    ),
    _rule(
        "policy.may_use", "may use only", "choices", "together, aws",
        "Providers, models, GPUs or option ids; none for all.",
    ),
    _rule(
        "policy.must_use", "must use", "choices", "aws",
        "The quickest way to price an opinion.",
    ),
    _rule(
        "policy.must_not_use", "must not use", "choices", "deepseek",
        "Providers, models, GPUs or option ids that are out.",
    ),
    _rule(
        "policy.headroom", "headroom above the load", "share", "50%",
        "Capacity kept free at the peak, for what no forecast tells.",
    ),
    _rule(
        "policy.capital", "capital, at most", "number", "200000",
        "Money to buy servers with; none for no limit.",
    ),
    _rule(
        "policy.gpus_available", "GPUs, at most", "text", "owned=8",
        "By provider; none where as many as one asks for.",
    ),
    _rule(
        "policy.people", "people are counted", "flag", "yes",
        "no states a case without the cost of running it.",
    ),
    _rule(
        "policy.setup", "set-up is counted", "flag", "yes",
        "no treats the first deployment as done.",
    ),
    _rule(
        "policy.storage", "storage is counted", "flag", "yes",
        "Weights on disk, for each pool.",
    ),
    _rule(
        "policy.network", "network is counted", "flag", "yes",
        "Egress, load balancer and monitoring.",
    ),
    _rule(
        "policy.apis", "APIs may be used", "flag", "yes",
        "no asks for the best self-hosted plan.",
    ),
    _rule(
        "policy.unusable_prices", "take doubtful prices", "flag", "no",
        "yes lets in prices that are flagged as placeholders or suspect.",
    ),
)  # fmt: skip

TEAM: tuple[Question, ...] = (
    _rule(
        "team.expertise", "who could run it", "choice", "yes",
        "yes, hire or none: without operators only managed pools are offered.", "team",
    ),
    _rule(
        "team.engineer_cost", "an engineer costs", "money", "160k/year",
        "Fully loaded: pay, charges, desk. Part of it is in the bill as people.", "team",
    ),
    _rule(
        "team.operations_fte", "engineers to run it", "number", "0.25",
        "0.25 is a day a week; none takes the catalog's.", "team",
    ),
    _rule(
        "team.setup_weeks", "weeks to set it up", "number", "3",
        "Engineer-weeks for the first deployment; none takes the catalog's.", "team",
    ),
    _rule(
        "today.bill", "today's bill", "money", "4900/month",
        "As billed by today's suppliers: set beside tokens times prices.", "team",
    ),
    _rule(
        "today.served_by", "served today by", "text", "chat=openai/gpt-5-mini",
        "The option that serves each segment now: the baseline called today.", "team",
    ),
    _rule(
        "today.recheck", "it is in force", "flag", "no",
        "yes: a re-check. What is signed is sunk, set-up is done, moving away costs.", "team",
    ),
    _rule(
        "currency", "currency", "text", "EUR",
        "All money of the plan; rates are of the catalog's day.", "team",
    ),
)  # fmt: skip

QUICK = ("requests", "input_tokens", "output_tokens", "ttft", "processing_in")
ALL: tuple[Question, ...] = SEGMENT + CONSTRAINTS + TEAM

NOT_ASKED = {
    "profile": "chosen on the screen before",
    "checklist": "the nine items ask it",
    "sources": "written by the wizard itself",
    "catalog": "an overlay, written by hand",
    "today.pools": "pools that run, each with its counts, written by hand",
}


def on_page(page: Page) -> tuple[Question, ...]:
    """Questions of a page, in the order in which they are asked; `quick` is the four numbers of a first answer."""
    if page == "quick":
        return tuple(question for name in QUICK for question in SEGMENT if question.id == name)
    return tuple(question for question in ALL if question.page == page)


def question_for(key: str) -> Question | None:
    """The question that asks for a full key such as `segment.chat.requests`, or None."""
    parts = key.split(".")
    pattern = ".".join(["segment", "{segment}", *parts[2:]]) if parts[0] == "segment" and len(parts) > 2 else key
    return next((question for question in ALL if question.key == pattern), None)
