"""Every rule against its case file: marked lines are found, the others are silent."""

import re
from pathlib import Path

import pytest

from tuxdb.audit.options import Options
from tuxdb.audit.rules import RULES
from tuxdb.audit.run import audit

CASES = Path(__file__).parent / "cases"
# those need a schema, a server or a file that is no Python
ELSEWHERE = {"TUX201", "TUX202", "TUX203", "TUX302", "TUX303", "TUX306", "TUX900"}


@pytest.mark.parametrize("case", sorted(CASES.glob("*.py")), ids=lambda path: path.stem)
def test_a_rule_finds_the_marked_lines_and_no_others(case: Path) -> None:
    code = case.stem.partition("_")[0].upper()
    marked = {
        number
        for number, line in enumerate(case.read_text().splitlines(), 1)
        if re.search(rf"{code}$", line)
    }

    report = audit([case], Options(cache=False))

    found = {one.line for one in report.findings if one.rule == code}
    assert found == marked
    assert marked, "the case marks no line"


def test_every_rule_has_a_case() -> None:
    cases = {path.stem.partition("_")[0].upper() for path in CASES.glob("*.py")}

    assert set(RULES) - cases == ELSEWHERE


@pytest.mark.parametrize("code", RULES)
def test_every_rule_explains_itself_with_a_bad_and_a_good_example(code: str) -> None:
    rule = RULES[code]

    assert rule.text.startswith(f"{code} {rule.name}: ")
    assert "\nBad:   " in rule.text
    assert "\nGood:  " in rule.text
    assert rule.title
