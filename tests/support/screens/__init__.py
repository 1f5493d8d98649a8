"""The screens of the README, made from real runs: `make screens`.

A project of its own, a copy of this repository's, is driven on a terminal of 80 columns; what its
user sees becomes an SVG, which a test reads back and compares with a new run.

- `scenes.py`: what is done for each screen
- `stage.py`: the project, its database and its terminal
- `svg.py`: a screen as SVG, and an SVG as text
"""
