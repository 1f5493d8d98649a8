"""`make screens`: write every screen into `docs/screens/`."""

from __future__ import annotations

from tests.support.screens.scenes import FOLDER, screens

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, svg in screens().items():
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
