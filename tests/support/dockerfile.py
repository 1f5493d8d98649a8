"""The Dockerfile, as the tests read it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.compose import ROOT


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction of the Dockerfile and the stage it stands in."""

    stage: str
    keyword: str
    text: str


def instructions() -> list[Instruction]:
    """Return the Dockerfile's instructions, continued lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found, stage = [], ""
    for line in filter(None, map(str.strip, joined.splitlines())):
        keyword, words = line.split(maxsplit=1)
        stage = words.split()[-1] if keyword == "FROM" else stage
        found.append(Instruction(stage, keyword, " ".join(words.split())))
    return found


def texts(keyword: str, stage: str | None = None) -> list[str]:
    """Return what follows every *keyword*, in one stage or in all."""
    return [i.text for i in instructions() if i.keyword == keyword and stage in (None, i.stage)]


def copied_from_checkout() -> list[str]:
    """Return every path that enters the build from the folder of the project."""
    copies = [text.split()[:-1] for text in texts("COPY") if not text.startswith("--from")]
    return [source for sources in copies for source in sources]
