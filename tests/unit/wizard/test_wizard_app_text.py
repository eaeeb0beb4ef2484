"""Pure parts of the screens: keys, columns, bars, wrapping, what the environment tells of the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogs.toml_file import InputError
from wizard.keys import BACK, HELP, SOLVE, UNDO, bindings, digits, footer
from wizard.screens.plan_cost import kind_of
from wizard.screens.views import gap, money, share
from wizard.terminal import ascii_needed, few_colours, light
from wizard.widgets.glyphs import bar, cut, cut_inside, gap_bar, hang, shown
from wizard.widgets.listing import Column, Row, layout


def test_the_footer_drops_from_the_right_but_keeps_back_and_help() -> None:
    assert footer((SOLVE, UNDO, BACK, HELP), 80) == " s solve  u undo  esc back  ? help"
    assert footer((SOLVE, UNDO, BACK, HELP), 30) == " s solve  esc back  ? help"


def test_one_row_of_digits_binds_each_digit_with_itself() -> None:
    made = bindings([digits(2, "answer", "the answer so numbered")])
    assert [(binding.key, binding.action) for binding in made] == [  # type: ignore[union-attr]
        ("0", "digit('0')"), ("1", "digit('1')"), ("2", "digit('2')"),
    ]  # fmt: skip


COLUMNS = (Column("Option", grows=True, least=8), Column("Cost", right=True), Column("Source", rank=1))
ROWS = [Row(("a long name of an option", "1,234", "price page"))]


@pytest.mark.parametrize(
    ("width", "widths"),
    [
        (80, {0: 24, 1: 5, 2: 10}),  # all natural: 24 + 5 + 10 and two gaps of 2
        (39, {0: 20, 1: 5, 2: 10}),  # the growing one gives way: 39 - 5 - 10 - 4
        (26, {0: 19, 1: 5}),  # at 26 the option would be under 8 with three: the ranked one goes, 26 - 5 - 2
        (10, {0: 8, 1: 5}),  # nothing more to give: the row itself is cut
    ],
)
def test_columns_give_way_then_are_dropped_by_rank(width: int, widths: dict[int, int]) -> None:
    assert layout(COLUMNS, ROWS, width) == widths


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=200), st.integers(12, 100))
def test_wrapped_text_fits_and_loses_no_word(text: str, width: int) -> None:
    pieces = hang(text, width)
    assert all(len(piece) <= width for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_further_lines_hang_under_the_second_column() -> None:
    assert hang("Effect  one two three", 16) == ["Effect  one two", "        three"]


def test_a_bar_is_in_proportion_and_never_empty_for_something() -> None:
    assert bar(50, 100, 10, "=", True) == "====="
    assert bar(0.01, 100, 10, "#", True) == "#"
    assert bar(0, 100, 10, ".", True) == ""
    assert bar(100, 100, 3, ":", False) == "\u2592\u2592\u2592"
    assert gap_bar(0.5, 4) == "[##..]"


def test_a_cut_is_seen_and_one_line_stays_one_line() -> None:
    assert cut("abcdef", 4) == "ab.."
    assert shown("two\nlines, caf\u00e9", True) == "two lines, caf?"
    assert shown("caf\u00e9", False) == "caf\u00e9"


def test_a_gap_or_a_share_above_nought_never_reads_nought() -> None:
    assert gap(0.0002) == "<0.1%"
    assert gap(0.031) == "3.1%"
    assert gap(0.0) == "0.0%"
    assert gap(None) == "unknown"
    assert share(0.001) == "<1%"
    assert money(0.4) == "0.40"
    assert money(0.001) == money(0) == "0"
    assert money(None) == "-"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("operations of self-run pools", ":"),
        ("set-up of managed endpoints, over 12 months", ":"),
        ("GPU hours, spot: open-8b:fp8/2xl4/vllm/aws@us", "#"),
        ("open-8b:fp8/2xl4/vllm/aws@us egress", "#"),
        ("together/llama-3.3-70b input", "="),
        ("fallback to openai/gpt-5 while a replica of m:fp8/1xh100/vllm/aws@us is down", "="),
        ("fallback to m:fp8/1xh100/vllm/aws@us while openai is down", "#"),
    ],
)
def test_a_bill_line_is_filled_by_who_is_paid(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8"}, True),  # Python's own coercion of the C locale says nothing of the terminal
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"}, False),
        ({}, True),
    ],
)
def test_glyphs_follow_the_locale(environ: dict[str, str], ascii_only: bool) -> None:
    assert ascii_needed(environ) is ascii_only


@pytest.mark.parametrize(
    ("environ", "few"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True),
        ({"TERM": "xterm-256color", "TEXTUAL_COLOR_SYSTEM": "standard"}, True),
    ],
)
def test_the_terminals_own_palette_is_used_below_256_colours_or_with_no_color(
    environ: dict[str, str], few: bool
) -> None:
    assert few_colours(environ) is few


def test_the_theme_is_dark_unless_told_and_another_word_is_refused() -> None:
    assert [light(environ) for environ in ({}, {"WIZARD_THEME": "dark"}, {"WIZARD_THEME": "light"})] == [0, 0, 1]
    with pytest.raises(InputError, match='WIZARD_THEME: found "pink"; wanted dark or light'):
        light({"WIZARD_THEME": "pink"})


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (29, "azure/gpt-5-nano cached input"),
        (28, "azure/gpt-5-na..cached input"),  # the cut is seen even if only the blank goes
        (24, "azure/gpt-..cached input"),  # 12 for the end, 2 for the dots, 10 of the start
        (15, "azure/gp..input"),  # `cached input` would take more than two thirds of 15
    ],
)
def test_a_name_too_long_keeps_its_last_words(width: int, told: str) -> None:
    assert cut_inside("azure/gpt-5-nano cached input", width) == told


def test_a_name_whose_last_word_is_long_keeps_both_ends() -> None:
    assert cut_inside("GPU hours, spot: open-8b:fp8/2xl4/vllm/aws@us", 20) == "GPU hour..llm/aws@us"


def test_a_word_too_long_for_its_column_follows_it_whole() -> None:
    assert hang("  do          Let article/article-flagship take over", 34) == [
        "  do: Let", "    article/article-flagship take", "    over",
    ]  # fmt: skip
    assert hang("  do          Let aws take over", 30) == ["  do          Let aws take", "              over"]
