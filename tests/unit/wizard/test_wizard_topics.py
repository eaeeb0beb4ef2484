"""Help topics on a screen of 80 columns: nothing is wider, nothing is left out, what was set apart stays apart."""

import pytest
from made_plans import run

from wizard.text.fitted import fitted
from wizard.text.topics import TOPICS


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_is_printed_in_80_columns_and_whole(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("help", name) == 0
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 80
    assert told.split() == TOPICS[name].split()


def test_an_entry_is_wrapped_under_its_column_with_the_lines_that_go_on() -> None:
    text = "Head\n  one   a b c d e f\n        g h i j k l\n        next\n  two   a\n"
    assert fitted(text, 16) == "Head\n  one   a b c d\n        e f g h\n        i j k l\n        next\n  two   a\n"
