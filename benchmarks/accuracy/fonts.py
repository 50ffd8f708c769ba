"""Fonts for rendered lines, out of wheels that carry them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements-fonts.txt")


@dataclass(frozen=True, slots=True)
class Font:
    """A font file.

    Attributes:
        name: Its name in tables.
        file: Its file name in the wheel.
        chinese: Whether it has Chinese characters.
    """

    name: str
    file: str
    chinese: bool = False


FONTS = (
    Font("Noto Sans CJK", "NotoSansCJKsc-Regular.otf", chinese=True),
    Font("Noto Serif CJK", "NotoSerifCJKsc-Regular.otf", chinese=True),
    Font("Noto Mono CJK", "NotoSansMonoCJKsc-Regular.otf", chinese=True),
    Font("Source Sans", "SourceSansPro-Regular.ttf"),
    Font("Source Sans Bold", "SourceSansPro-Bold.ttf"),
    Font("Source Serif", "SourceSerifPro-Regular.ttf"),
    Font("Source Serif Italic", "SourceSerifPro-It.ttf"),
    Font("Caladea", "Caladea-Regular.ttf"),
)


def fetch(folder: Path) -> dict[str, Path]:
    """The font files by font name, fetched into `folder` if they are not there.

    Raises:
        FileNotFoundError: The wheels do not have one of them.
    """
    if any(not (folder / font.file).exists() for font in FONTS):
        _unpack(_wheels(folder), folder)
    missing = [font.file for font in FONTS if not (folder / font.file).exists()]
    if missing:
        raise FileNotFoundError(f"not in the wheels of {REQUIREMENTS.name}: {', '.join(missing)}")
    return {font.name: folder / font.file for font in FONTS}


def _wheels(folder: Path) -> list[Path]:
    wheels = folder / "wheels"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(wheels), "-r", str(REQUIREMENTS)]
    subprocess.run(command, check=True)
    return sorted(wheels.glob("*.whl"))


def _unpack(wheels: list[Path], folder: Path) -> None:
    wanted = {font.file for font in FONTS}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                name = Path(member).name
                if name in wanted:
                    partial = folder / f"{name}.part"
                    partial.write_bytes(archive.read(member))
                    partial.replace(folder / name)
