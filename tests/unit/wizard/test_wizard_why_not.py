"""`wizard why-not`, and what would enter and what requirements cost wherever they are shown."""

import json
import re
from pathlib import Path

import pytest
from made_plans import fake_decide, no_plan, plan, run

from solver.explanation.explain import explanation_of
from solver.explanation.reasons import RulePrice, WhyNot, WhyNotTable
from solver.explanation.with_reasons import nearest_options
from solver.plan import Plan, rounded
from wizard.plan_file import plan_of, plan_tables
from wizard.screens.plan_why_not import why_not as why_not_view
from wizard.text.explain import explain_text
from wizard.text.plan import plan_text
from wizard.text.topics import TOPICS
from wizard.text.why_not import entering_lines, requirement_lines, why_not_text

POOL = "qwen3-32b:fp8/1xh100-sxm/vllm/aws@eu-west-1"
NEAR = WhyNot(
    option=POOL, kind="pool", serves=("chat",), answer="enters_at", price_factor=0.42, at_most=0.5, price_now=3.5,
    price_then=1.47, total_then=990.0, speed_factor=2.5, proven=True, wide=True, unit="replica-hour",
)  # fmt: skip
FAR = NEAR.model_copy(
    update={"option": POOL.replace("aws", "gcp"), "price_factor": 0.3, "price_then": 1.05, "speed_factor": None,
            "proven": False, "wide": False}
)  # fmt: skip
BOUND = WhyNot(option="azure/gpt-5-nano", kind="api", serves=("chat",), answer="not_above", at_most=0.9, price_now=0.05,
               unit="Mtok of input")  # fmt: skip
NEVER = WhyNot(option="big/model", kind="api", serves=("chat",), answer="never", proven=True)
REFUSED = WhyNot(option="x/y", kind="", serves=("chat",), answer="refusal", rule="ttft", found=900.0, wanted=800.0,
                 unit="ms", proven=True)  # fmt: skip
PRICES = (
    RulePrice(requirement="segment.chat.quality", asked="high", without="mid", per_month=419.74, total_then=4522.0,
              verdict_then="stay_on_api", proven=True),
    RulePrice(requirement="policy.max_pool_designs", asked="4", without="none", per_month=0.0, proven=True,
              why="0 of 4 are opened, and more save nothing"),
    RulePrice(requirement="segment.chat.ttft", asked="2 s", without="none", per_month=None,
              why="time ended before it was looked at"),
)  # fmt: skip


def table(*options: WhyNot, cut: str = "") -> WhyNotTable:
    counts = {each.answer: 1 for each in options}
    return WhyNotTable(currency="EUR", total_per_month=1000.0, options=options, counts=counts, cut=cut)


def argued() -> Plan:
    return plan().model_copy(update={"why_not": (NEAR, BOUND), "requirements": PRICES})


def test_the_nearest_of_a_model_and_gpu_stands_for_the_others() -> None:
    text = why_not_text(table(NEAR, FAR, BOUND, NEVER, REFUSED, cut="time ended"), "mine")
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii()
    assert re.search(r"qwen3-32b:fp8/1xh100-sxm/vllm/aws@eu-west-1 +42\.0% +1\.47", text)
    assert "gcp" not in text
    assert "1 more of it, no nearer" in text
    assert "or 2.50 times as fast" in text
    assert re.search(r"azure/gpt-5-nano +<90\.0%", text)
    assert "by a bound it must be at least 10.0% cheaper, whatever else is used" in re.sub(r"\s+", " ", text)
    assert "of a pool for a replica-hour, of an API for a million tokens" in re.sub(r"\s+", " ", text)
    assert "0 pools and 1 API." in text
    assert "first token too late: 900, wanted 800 ms" in text
    assert "time ended." in text
    every = why_not_text(table(NEAR, FAR, BOUND, NEVER, REFUSED), "mine", every=True)
    assert "gcp" in every
    assert "big/model" in every


def test_what_an_unsolved_option_rests_on_is_said() -> None:
    closer = BOUND.model_copy(update={"at_most": 1.0, "at_most_own": 0.77})
    silent = BOUND.model_copy(update={"at_most": 1.0})
    kin = FAR.model_copy(update={"by": POOL})
    said = [re.sub(r"\s+", " ", why_not_text(table(each))) for each in (closer, silent, kin)]
    assert "<77.0%" in said[0]
    assert "at least 23.0% cheaper, beside the plan's own pools and any API" in said[0]
    assert "no bound says by how much it is too dear" in said[1]
    assert f"it may stand in for {POOL}, which was solved" in said[2]


def test_requirements_say_what_they_cost_or_why_nothing() -> None:
    text = "\n".join(requirement_lines(PRICES, "EUR"))
    assert re.search(r"chat\.quality: high, not mid +419\.74\n", text)
    assert re.search(r"policy\.max_pool_designs: 4, not none +0\n +0 of 4 are opened", text)
    assert re.search(r"chat\.ttft: 2 s, not none +\?", text)
    assert requirement_lines((), "EUR") == []
    assert entering_lines((), "EUR") == []


def test_show_and_explain_have_the_sections_where_the_plan_holds_them() -> None:
    for text in (plan_text(argued()), explain_text(argued(), explanation_of(argued()))):
        assert "What each requirement costs" in text
        assert "What would enter, all else as it is" in text
    assert "What would enter" not in plan_text(plan())
    assert explanation_of(argued(), "tagging").why_not == ()
    assert [each.requirement for each in explanation_of(argued(), "tagging").requirements] == [
        "policy.max_pool_designs"
    ]


def test_a_plan_with_reasons_is_read_back_as_it_was() -> None:
    made = rounded(argued())
    assert plan_of(plan_tables(made), "mine.toml") == made


def test_a_plan_keeps_the_nearest_and_neither_never_nor_refusal() -> None:
    many = tuple(NEAR.model_copy(update={"option": f"{POOL}{i}"}) for i in range(30))
    kept = nearest_options((*many, NEVER, REFUSED))
    assert kept == many[:12]
    assert nearest_options((NEVER, REFUSED)) == ()


def test_the_screen_lists_what_would_enter() -> None:
    view = why_not_view(argued(), "", "")
    row = next(row for row in view.rows if row.cells[1] == POOL)
    assert row.cells[2] == "its price must fall 58%"
    assert view.detail is not None
    assert "2.5" in " ".join(view.detail[row.key])


def test_the_topic_describes_every_field() -> None:
    words = set(re.findall(r"\w+", TOPICS["why-not"]))
    of_table = {field.alias or name for name, field in WhyNotTable.model_fields.items()}
    assert {*WhyNot.model_fields, *of_table, *RulePrice.model_fields} <= words
    assert max(map(len, TOPICS["why-not"].splitlines())) <= 80


def test_a_shipped_plan_is_answered_from_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = Path(__file__).parents[3] / "saved_plans" / "article-options-a-to-d.toml"
    assert run("why-not", str(shipped), "--json", "--limit", "30") == 0
    found = json.loads(capsys.readouterr().out)
    entering = {each["option"]: each for each in found["options"] if each["answer"] == "enters_at"}
    # 1000 M tokens in and 300 M out: the open API costs 740, the flagship 7,500; by hand it enters at 740/7,500.
    assert entering["article/article-flagship"]["price_factor"] == pytest.approx(740 / 7500, rel=0.01)
    assert found["total_per_month"] == pytest.approx(740)


def test_a_segment_that_is_not_there_is_told(home_plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("why-not", str(home_plan), "--segment", "caht") == 2
    assert "did you mean" in capsys.readouterr().err


@pytest.fixture
def home_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import tomli_w
    from made_plans import SCENARIO

    monkeypatch.chdir(tmp_path)
    path = tmp_path / "chat.toml"
    path.write_text(tomli_w.dumps(SCENARIO))
    return path


def test_nothing_is_asked_of_a_plan_that_there_is_not() -> None:
    assert no_plan().why_not == ()


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        (("solve", "chat.toml"), False), (("solve", "chat.toml", "--explain"), True),
        (("explain", "chat.toml", "--flips", "0"), True), (("explain", "chat.toml", "--quick", "--flips", "0"), False),
    ],
)  # fmt: skip
def test_a_plain_solve_asks_for_no_reasons(
    command: tuple[str, ...], asked: bool, home_plan: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    fake_decide(monkeypatch, plan())
    seen: list[float] = []

    def reasons(made: Plan, scenario: object, catalog: object, limit_s: float, stop: object) -> Plan:
        seen.append(limit_s)
        return made.model_copy(update={"requirements": PRICES})

    monkeypatch.setattr("solver.explanation.with_reasons.with_reasons", reasons)
    assert run(*command) == 0
    assert seen == ([60.0] if asked else [])
    assert ("What each requirement costs" in capsys.readouterr().out) == asked


def test_an_option_that_is_nowhere_is_told_by_the_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.toml"
    file.write_text(
        'policy.may_use = ["apis"]\n[segment.chat]\nrequests = "60k/day"\ninput_tokens = 1000\noutput_tokens = 200\n'
    )
    assert run("why-not", str(file), "--option", "nope", "--json") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f'{file}: --option: found "nope"; wanted an option id' in printed.err
