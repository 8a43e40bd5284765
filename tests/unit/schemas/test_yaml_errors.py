from __future__ import annotations

from typing import Any

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from schemas.yaml_errors import describe_syntax, describe_value, line_of

DOCUMENT = """\
name: a
tables:
  - after: x
    columns:
      V: {metric: T1}
  - {after: y}
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("name",), 1),
        (("tables", 0, "columns", "V", "metric"), 5),
        (("tables", 1, "after"), 6),
        (("tables", 1, "until"), 6),
        (("missing",), 1),
        ((), 1),
    ],
)
def test_line_of_a_key_is_counted_from_1_and_of_a_missing_one_is_that_of_what_should_hold_it(
    keys: tuple[Any, ...], line: int
) -> None:
    assert line_of(YAML(typ="rt").load(DOCUMENT), keys) == line


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"type": "missing", "msg": "Field required", "input": {}}, "a.b: must be given"),
        ({"type": "extra_forbidden", "msg": "", "input": 1}, "a.b: there is no such key; known are c"),
        ({"type": "x", "msg": "Value error, one of c", "input": "d"}, "a.b: must be one of c, not 'd'"),
        ({"type": "x", "msg": "Input should be 'c'", "input": []}, "a.b: must be 'c'"),
        ({"type": "x", "msg": "String should match pattern 'c'", "input": "d"}, "a.b: must match pattern 'c', not 'd'"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_in_plain_words(item: dict[str, Any], said: str) -> None:
    assert describe_value(item, ("a", "b"), "known are c") == said


def test_syntax_error_has_its_line() -> None:
    with pytest.raises(YAMLError) as caught:
        YAML(typ="safe").load("a: 1\nb: [")

    assert describe_syntax(caught.value) == "line 3: did not find expected node content"
