"""Fonts for drawing recognised text: whatever the system has, a fallback for every character."""

from __future__ import annotations

import functools
import logging
import os
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hpinfer._settings import Settings
from hpinfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import ImageDraw, ImageFont

#: Font files with wide coverage, best first; the first ones hold Chinese, Japanese and Korean.
_KNOWN_FILES = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "NotoSansSC-Regular.ttf",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "PingFang.ttc",
    "PingFang-SC-Regular.ttf",  # PaddleX fetches this one and the next
    "simfang.ttf",
    "Hiragino Sans GB.ttc",
    "STHeiti Light.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "simhei.ttf",
    "simsun.ttc",
    "uming.ttc",
    "NotoSerifCJK-Regular.ttc",
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "arial.ttf",
)
_PROBE_SIZE = 20
_NO_CHARACTER = "\U0010ffff"


@functools.cache
def system_fonts() -> tuple[Path, ...]:
    """The known fonts that this system has, best first; looks once per process."""
    wanted = {name.lower(): rank for rank, name in enumerate(_KNOWN_FILES)}
    found: dict[int, Path] = {}
    for directory in _font_directories():
        for root, _, files in os.walk(directory):
            for name in files:
                rank = wanted.get(name.lower())
                if rank is not None:
                    found.setdefault(rank, Path(root, name))
    return tuple(path for _, path in sorted(found.items()))


def _font_directories() -> list[Path]:
    home, paddlex = Path.home(), Settings.from_env().paddlex_cache_dir / "fonts"
    if sys.platform == "win32":
        return [Path("C:/Windows/Fonts"), paddlex]
    if sys.platform == "darwin":
        own = [home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts")]
        return [*own, paddlex]
    return [
        home / ".local/share/fonts",
        home / ".fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
        paddlex,
    ]


@functools.cache
def _warn_of_missing_glyphs() -> None:
    """Says once that texts are drawn as boxes."""
    logging.getLogger("hpinfer.results").warning(
        "no font here has some of the characters to be drawn: boxes stand in their place; install "
        "one with Chinese, e.g. Noto Sans CJK, or name one with HPINFER_FONT"
    )


@dataclass(slots=True)
class FontBook:
    """Measures and draws text, each character in the first font that has it.

    One book serves one drawing, in one thread.
    """

    _sources: list[Path | None]
    _sized: dict[tuple[int, int], ImageFont.FreeTypeFont] = field(default_factory=dict)
    _missing: dict[int, tuple[object, ...]] = field(default_factory=dict)
    _choices: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls) -> FontBook:
        """Takes ``HPINFER_FONT`` if set, then the system's fonts, then the one inside Pillow.

        Raises:
            ConfigError: ``HPINFER_FONT`` is not a font file.
        """
        chosen = Settings.from_env().font
        sources: list[Path | None] = [*system_fonts(), None]
        if chosen is not None:
            cls._check(chosen)
            sources.insert(0, chosen)
        return cls(sources)

    @staticmethod
    def _check(path: Path) -> None:
        from PIL import ImageFont

        try:
            ImageFont.truetype(str(path), _PROBE_SIZE)
        except OSError as error:
            raise ConfigError(
                f"HPINFER_FONT={str(path)!r} is not a readable font file ({error}): name a .ttf, "
                ".otf or .ttc, or unset it"
            ) from None

    def width(self, text: str, size: int) -> float:
        """Width of `text` in pixels at `size` pixels an em."""
        return sum(font.getlength(run) for font, run in self._runs(text, size))

    def draw(
        self,
        draw: ImageDraw.ImageDraw,
        xy: tuple[float, float],
        text: str,
        size: int,
        *,
        fill: int | str | tuple[int, int, int],
    ) -> None:
        """Draws `text` with the left end of its baseline at `xy`."""
        x, y = xy
        for font, run in self._runs(text, size):
            draw.text((x, y), run, font=font, fill=fill, anchor="ls")
            x += font.getlength(run)

    def _runs(self, text: str, size: int) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
        start = 0
        choices = [self._choice(char) for char in text]
        for end in range(1, len(text) + 1):
            if end == len(text) or choices[end] != choices[start]:
                yield self._font(choices[start], size), _printable(text[start:end])
                start = end

    def _choice(self, char: str) -> int:
        if char not in self._choices:
            covering = (i for i in range(len(self._sources)) if self._covers(i, char))
            choice = next(covering, None)
            if choice is None:
                _warn_of_missing_glyphs()
            self._choices[char] = choice or 0
        return self._choices[char]

    def _covers(self, index: int, char: str) -> bool:
        # Pillow does not show a font's character table, so a glyph that looks like the one for a
        # character that cannot exist is taken as missing.
        if char.isspace():
            return True
        if index not in self._missing:
            self._missing[index] = self._glyph(index, _NO_CHARACTER)
        return self._glyph(index, char) != self._missing[index]

    def _glyph(self, index: int, char: str) -> tuple[object, ...]:
        mask = self._font(index, _PROBE_SIZE).getmask(char)
        return mask.size, bytes(mask)

    def _font(self, index: int, size: int) -> ImageFont.FreeTypeFont:
        key = (index, size)
        if key not in self._sized:
            self._sized[key] = self._open(index, size)
        return self._sized[key]

    def _open(self, index: int, size: int) -> ImageFont.FreeTypeFont:
        from PIL import ImageFont

        path = self._sources[index]
        if path is not None:
            try:
                return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
            except OSError:  # a damaged system font must not spoil the picture
                self._sources[index] = None
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont)  # the case with FreeType, see can_draw_text
        return font


def can_draw_text() -> bool:
    """Whether this Pillow can draw scalable text (every published wheel can)."""
    from PIL import features

    return bool(features.check("freetype2"))


def is_ideographic(text: str) -> bool:
    """Whether most of `text` is written in signs that stand upright in a vertical line."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return wide * 2 > len(text)


def _printable(run: str) -> str:
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in run)
