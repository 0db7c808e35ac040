"""The colours of the charts stay apart, whatever eyes look at them."""

from __future__ import annotations

import re
from itertools import combinations
from math import dist

import pytest

from datalayer.dashboard.overview import STATUS_ORDER
from datalayer.dashboard.rendering import FOLDER

Colour = tuple[float, float, float]

#: Machado, Oliveira and Fernandes 2009, of linear RGB: no red cones, no green cones.
_EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanope": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranope": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
#: A difference of Oklab that is plain to see between areas that touch.
_PLAIN = 0.1


def _schemes() -> dict[str, dict[str, str]]:
    text = (FOLDER / "static" / "dashboard.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    found = {
        name: dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", part))
        for name, part in (("light", light), ("dark", dark))
    }
    assert found["light"].keys() == found["dark"].keys()
    return found


SCHEMES = _schemes()


def _linear(code: str) -> Colour:
    parts = (int(code[place : place + 2], 16) / 255 for place in (1, 3, 5))
    r, g, b = (
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    )
    return r, g, b


def _seen(colour: Colour, eyes: str) -> Colour:
    r, g, b = (
        min(1.0, max(0.0, sum(f * c for f, c in zip(row, colour, strict=True))))
        for row in _EYES[eyes]
    )
    return r, g, b


def _oklab(colour: Colour) -> Colour:
    r, g, b = colour
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _distance(a: str, b: str, eyes: str) -> float:
    first, second = (_oklab(_seen(_linear(code), eyes)) for code in (a, b))
    return dist(first, second)


def _contrast(a: str, b: str) -> float:
    lights = sorted(
        0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(_linear, (a, b))
    )
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("eyes", _EYES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_statuses_are_told_apart(scheme: str, eyes: str) -> None:
    colours = SCHEMES[scheme]
    close = {
        pair: round(_distance(colours[pair[0]], colours[pair[1]], eyes), 3)
        for pair in combinations(STATUS_ORDER, 2)
    }

    assert {pair: value for pair, value in close.items() if value < _PLAIN} == {}


@pytest.mark.parametrize("eyes", _EYES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_lines_are_told_apart(scheme: str, eyes: str) -> None:
    colours = SCHEMES[scheme]

    assert _distance(colours["events"], colours["enforcements"], eyes) > 2 * _PLAIN


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["ink", "muted", "link", "good", "bad"])
def test_text_is_readable(scheme: str, name: str) -> None:
    colours = SCHEMES[scheme]

    assert _contrast(colours[name], colours["surface"]) >= 4.5
    assert _contrast(colours[name], colours["page"]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", ["executions", "events", "enforcements", "failures"])
def test_lines_and_columns_stand_out(scheme: str, name: str) -> None:
    colours = SCHEMES[scheme]

    assert _contrast(colours[name], colours["surface"]) >= 3
