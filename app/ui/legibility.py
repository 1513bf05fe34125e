"""Colours of a theme, moved as little as it takes for everything to be legible. Pure.

Themes are made to look well; what they call muted, or their accent as a text, is often too near to the ground to be
read. Contrast is that of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio), and so are the least values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from textual.color import Color

TEXT: Final = 4.5
"""The least contrast of a text with its ground."""
SIGN: Final = 3.0
"""The least contrast of what means something without being a text."""

_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)
_STEPS: Final = 100
_MUTED, _DISABLED = 0.65, 0.5
"""So much of the foreground is in a quiet text, where that is enough."""
_TINT: Final = 30
"""So many hundredths of a colour are in a ground that it marks, at most."""
_ROW_IN_HAND: Final = 0.1
"""So much of the foreground is in the ground of a row in hand, see app.tcss."""
_SELECTION: Final = 1.35
"""The contrast of a selected ground with the plain one: to be seen, and to be read on."""

_COLOURED: Final = ("primary", "secondary", "accent", "success", "warning", "error")


def contrast(one: Color, other: Color) -> float:
    """From 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def legible(colour: Color, grounds: Iterable[Color], least: float = TEXT) -> Color:
    """The colour, made lighter on dark grounds or darker on light ones until it has that contrast with all of them."""
    grounds = tuple(grounds)
    end = _furthest(grounds)
    mixed = (colour.blend(end, step / _STEPS, alpha=1.0) for step in range(_STEPS + 1))
    return next((mix for mix in mixed if all(contrast(mix, ground) >= least for ground in grounds)), end)


def _furthest(grounds: Collection[Color]) -> Color:
    return max((_WHITE, _BLACK), key=lambda end: min(contrast(end, ground) for ground in grounds))


def legible_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """A theme's variables, with texts that can be read wherever the screen has them, and selections.

    Of a theme that leaves its colours to the terminal nothing is known, and nothing changed.
    """
    background, foreground = Color.parse(variables["background"]), Color.parse(variables["foreground"])
    if background.ansi is not None or foreground.ansi is not None:
        return dict(variables)
    primary, warning = Color.parse(variables["primary"]), Color.parse(variables["warning"])
    selection = _selection(background, foreground, primary)
    row_in_hand = background.blend(foreground, _ROW_IN_HAND, alpha=1.0)
    near = [background, background + Color.parse(variables["surface"]), row_in_hand, selection]
    grounds = [*near, background + Color.parse(variables["panel"])]
    text = legible(foreground, grounds)
    changed = {
        "foreground": text,
        "text-muted": legible(background.blend(text, _MUTED, alpha=1.0), near),
        "text-disabled": legible(background.blend(text, _DISABLED, alpha=1.0), near),
        **{f"text-{name}": legible(Color.parse(variables[f"text-{name}"]), grounds) for name in _COLOURED},
        "warning-muted": _tinted(background, warning, text),
        "block-cursor-blurred-background": _tinted(background, primary, text),
        "block-cursor-blurred-foreground": text,
        "button-color-foreground": _furthest([primary]),
        "screen-selection-background": selection,
        "input-selection-background": selection,
        "input-selection-foreground": text,
        "block-cursor-foreground": _furthest([Color.parse(variables["block-cursor-background"])]),
    }
    return {**variables, **{name: colour.hex for name, colour in changed.items()}}


def _selection(background: Color, foreground: Color, primary: Color) -> Color:
    """A ground towards the theme's own colour; where that is too near, towards that of the text."""
    for colour in (primary, foreground):
        for step in range(_STEPS + 1):
            mixed = background.blend(colour, step / _STEPS, alpha=1.0)
            if contrast(mixed, background) >= _SELECTION:
                return mixed
    return foreground


def _tinted(ground: Color, colour: Color, text: Color) -> Color:
    """A ground with some of a colour in it, as much as leaves the text legible."""
    mixed = (ground.blend(colour, share / _STEPS, alpha=1.0) for share in range(_TINT, -1, -1))
    return next((mix for mix in mixed if contrast(text, mix) >= TEXT), ground)
