"""What holds secrets is not pickled: a pickle would hold them in the clear."""

from __future__ import annotations

from typing import NoReturn


class NeverPickled:
    """Refuses to be pickled, and with that to be copied by `copy` or sent to another process."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        """Raise `TypeError`."""
        message = f"{type(self).__name__} is not pickled: it can hold secrets"
        raise TypeError(message)
