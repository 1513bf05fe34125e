"""Draws what `Terminal.styled` tells as a picture: one cell after the other, in DejaVu Sans Mono."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont
from rich.cells import split_graphemes

Colour: TypeAlias = tuple[int, int, int]

FONTS = Path("/usr/share/fonts/truetype/dejavu")
CELL = (11, 22)
FONT_SIZE = 18
BASELINE = 17
MARGIN = 14
TITLE_ROW = 34
COLOURS = 96
_MOVING_COLOURS = 48

FOREGROUND, BACKGROUND = (229, 229, 229), (18, 18, 18)
SIXTEEN = [
    tuple(bytes.fromhex(code))
    for code in [
        "000000",
        "cd3131",
        "0dbc79",
        "e5e510",
        "2472c8",
        "bc3fbc",
        "11a8cd",
        "e5e5e5",
        "666666",
        "f14c4c",
        "23d18b",
        "f5f543",
        "3b8eea",
        "d670d6",
        "29b8db",
        "ffffff",
    ]
]
"""The colours that a terminal chooses by itself, as many choose them."""

_SEQUENCE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Za-z0-9]|[\x0e\x0f]")


@dataclass(frozen=True, slots=True)
class Look:
    """How characters are drawn; None: the terminal's own colour."""

    fore: Colour | None = None
    back: Colour | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False

    def colours(self) -> tuple[Colour, Colour]:
        """Of the character and of its ground, as they come out."""
        fore, back = self.fore or FOREGROUND, self.back or BACKGROUND
        if self.reverse:
            fore, back = back, fore
        return (blend(fore, back, 0.5) if self.dim else fore), back


_SET = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_UNSET = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}


@dataclass(frozen=True, slots=True)
class Cell:
    """What is drawn from `column` on, `width` cells wide."""

    column: int
    width: int
    text: str
    look: Look


def cells(styled: str) -> Iterator[list[Cell]]:
    """Row by row. What a sequence has set holds on in the rows below."""
    look = Look()
    for line in styled.split("\n"):
        row: list[Cell] = []
        column = end = 0
        for found in itertools.chain(_SEQUENCE.finditer(line), (None,)):
            piece = line[end : found.start() if found else None]
            for start, stop, width in split_graphemes(piece)[0]:
                row.append(Cell(column, width, piece[start:stop], look))
                column += width
            if found:
                end = found.end()
                look = look if found[1] is None else after(look, found[1])
        yield row


def after(look: Look, codes: str) -> Look:
    """The look after a sequence that sets it."""
    numbers = iter(int(code or 0) for code in re.split("[;:]", codes))
    for number in numbers:
        if number == 0:
            look = Look()
        elif number in _SET:
            look = replace(look, **{_SET[number]: True})
        elif number in _UNSET:
            look = replace(look, **dict.fromkeys(_UNSET[number], False))
        elif number in (38, 39):
            look = replace(look, fore=_colour(numbers) if number == 38 else None)
        elif number in (48, 49):
            look = replace(look, back=_colour(numbers) if number == 48 else None)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            look = replace(look, fore=SIXTEEN[number - (30 if number < 40 else 82)])
        elif 40 <= number <= 47 or 100 <= number <= 107:
            look = replace(look, back=SIXTEEN[number - (40 if number < 50 else 92)])
    return look


def _colour(numbers: Iterator[int]) -> Colour:
    if next(numbers) == 2:
        return next(numbers), next(numbers), next(numbers)
    index = next(numbers)
    if index < 16:
        return SIXTEEN[index]
    if index >= 232:
        return (8 + 10 * (index - 232),) * 3
    levels = (0, 95, 135, 175, 215, 255)
    index -= 16
    return levels[index // 36], levels[index // 6 % 6], levels[index % 6]


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of one, the rest of the other."""
    return tuple(round(a * share + b * (1 - share)) for a, b in zip(one, other, strict=True))


# ---------------------------------------------------------------- drawing


@cache
def _font(*, bold: bool, italic: bool) -> ImageFont.FreeTypeFont:
    names = {(False, False): "", (True, False): "-Bold", (False, True): "-Oblique", (True, True): "-BoldOblique"}
    path = FONTS / f"DejaVuSansMono{names[bold, italic]}.ttf"
    if not path.exists():  # the slanted ones are in a package of their own
        path = FONTS / f"DejaVuSansMono{names[bold, False]}.ttf"
    return ImageFont.truetype(path, FONT_SIZE)


def draw(styled: str, title: str, columns: int, rows: int, path: Path) -> None:
    """Write the picture, with the window's title above it."""
    _drawn(styled, title, columns, rows).quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a terminal showed, and for how long."""

    styled: str
    title: str
    lasts_ms: int


def animate(frames: Sequence[Frame], columns: int, rows: int, path: Path) -> None:
    """Write a moving picture (GIF), which begins anew at its end. Frames that are alike become one."""
    different: list[Frame] = []
    for frame in frames:
        last = different[-1] if different else None
        if last and (last.styled, last.title) == (frame.styled, frame.title):
            different[-1] = replace(last, lasts_ms=last.lasts_ms + frame.lasts_ms)
        else:
            different.append(frame)
    images = [_drawn(frame.styled, frame.title, columns, rows) for frame in different]
    busiest = max(images, key=lambda image: len(image.getcolors(1 << 20) or ()))
    palette = busiest.quantize(_MOVING_COLOURS, dither=Image.Dither.NONE)
    first, *others = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    lasts_ms = [frame.lasts_ms for frame in different]
    first.save(path, save_all=True, append_images=others, duration=lasts_ms, loop=0, optimize=False)


def _drawn(styled: str, title: str, columns: int, rows: int) -> Image.Image:
    screen = list(itertools.islice(cells(styled), rows))
    size = (columns * CELL[0] + 2 * MARGIN, rows * CELL[1] + TITLE_ROW + MARGIN)
    fore, ground = screen[0][0].look.colours()
    image = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, size[0], TITLE_ROW - 6), blend(fore, ground, 0.07))
    for number, row in enumerate(screen):
        for cell in row:
            _draw_cell(pen, cell, MARGIN + cell.column * CELL[0], TITLE_ROW + number * CELL[1])
    font = _font(bold=False, italic=False)
    pen.text((size[0] // 2, BASELINE + 3), title, blend(fore, ground, 0.6), font, anchor="ms")
    return image


def _draw_cell(pen: ImageDraw.ImageDraw, cell: Cell, x: int, y: int) -> None:
    fore, back = cell.look.colours()
    width, height = cell.width * CELL[0], CELL[1]
    pen.rectangle((x, y, x + width - 1, y + height - 1), back)
    if cell.text in _BLOCKS:
        for left, top, right, bottom, share in _BLOCKS[cell.text]:
            box = (x + left * width, y + top * height, x + right * width - 1, y + bottom * height - 1)
            pen.rectangle([round(side) for side in box], blend(fore, back, share))
    elif cell.text.strip():
        pen.text((x, y + BASELINE), cell.text, fore, _font(bold=cell.look.bold, italic=cell.look.italic), anchor="ls")
    for is_drawn, at in ((cell.look.underline, BASELINE + 2), (cell.look.strike, BASELINE - 5)):
        if is_drawn:
            pen.line((x, y + at, x + width - 1, y + at), fore)


_Box: TypeAlias = tuple[float, float, float, float, float]


def _blocks() -> dict[str, Sequence[_Box]]:
    """Blocks and lines as boxes (left, top, right, bottom, share of the colour): a font leaves gaps between them."""
    boxes: dict[str, Sequence[_Box]] = {"▀": [(0, 0, 1, 0.5, 1)], "▐": [(0.5, 0, 1, 1, 1)]}
    boxes |= {chr(0x2580 + n): [(0, 1 - n / 8, 1, 1, 1)] for n in range(1, 9)}
    boxes |= {chr(0x2590 - n): [(0, 0, n / 8, 1, 1)] for n in range(1, 8)}
    boxes |= {chr(0x2590 + n): [(0, 0, 1, 1, n / 4)] for n in range(1, 4)}
    boxes |= {"▔": [(0, 0, 1, 1 / 8, 1)], "▕": [(7 / 8, 0, 1, 1, 1)]}
    quarters: list[_Box] = [(0, 0, 0.5, 0.5, 1), (0.5, 0, 1, 0.5, 1), (0, 0.5, 0.5, 1, 1), (0.5, 0.5, 1, 1, 1)]
    # Upper left, upper right, lower left, lower right, in the order of Unicode from U+2596 on.
    filled = ["2", "3", "0", "023", "03", "012", "013", "1", "12", "123"]
    boxes |= {chr(0x2596 + n): [quarters[int(q)] for q in which] for n, which in enumerate(filled)}
    middle, centre = CELL[1] // 2 / CELL[1], CELL[0] // 2 / CELL[0]
    across: _Box = (0, middle, 1, middle + 1 / CELL[1], 1)
    upright: _Box = (centre, 0, centre + 1 / CELL[0], 1, 1)
    boxes |= {"─": [across], "│": [upright], "┃": [(centre - 1 / CELL[0], 0, centre + 2 / CELL[0], 1, 1)]}
    boxes |= {"├": [upright, (centre, *across[1:])], "┤": [upright, (0, middle, centre, middle + 1 / CELL[1], 1)]}
    return boxes


_BLOCKS = _blocks()
