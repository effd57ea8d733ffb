"""Where keys of a TOML document stand."""

from __future__ import annotations

import pytest

from controller.config.lines import Lines, name_of

TEXT = '''# a comment with = and [brackets]
[rig]
name = "a"  # [not.a.table]

[channels."pump.agno3"]
range = [
  "0 %", # ]
  "1 %",
]
safe = """
[rig]
x = 1
"""
a.b = 1

[[steps]]
set = {x = 1}
[[steps]]
dwell = 2
[steps.more]
deep = 3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("rig",), 2),
        (("rig", "name"), 3),
        (("channels", "pump.agno3", "range"), 6),
        (("channels", "pump.agno3", "safe"), 10),
        (("channels", "pump.agno3", "a", "b"), 14),
        (("steps", 0, "set", "x"), 17),
        (("steps", 1, "dwell"), 19),
        (("steps", 1, "more", "deep"), 21),
        (("rig", "missing"), 2),
        (("nowhere",), 0),
    ],
)
def test_a_path_leads_to_its_line_or_to_the_nearest_table_around_it(
    path: tuple[str | int, ...], line: int
) -> None:
    assert Lines(TEXT).of(path) == line


def test_a_place_is_written_as_toml_writes_it() -> None:
    assert name_of(("channels", "pump.agno3", "safe")) == 'channels."pump.agno3".safe'
    assert name_of(("steps", 2, "set")) == "steps[2].set"
