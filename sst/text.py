"""Short texts for people."""

from __future__ import annotations


def first_line(error: BaseException | str, otherwise: str = "") -> str:
    """Return the first line of *error* that is not blank: the others may quote rows or statements.

    Of an error of SQLAlchemy it is the first line of the driver's own error; a text is taken as
    it is, so who masks a secret masks the whole text before.
    An error that says nothing is *otherwise*, or else the name of its class.
    """
    source = getattr(error, "orig", None) or error
    text = str(source).strip()
    if text:
        return text.splitlines()[0].rstrip()
    return otherwise or ("" if isinstance(source, str) else type(source).__name__)
