"""Rows with any number of labels: ``labels`` as a list, or joined in one field of a CSV file.

Used by ``read.py``, and only where the caller says that it can work with such rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aprendiz.data.excerpt import excerpt, kind_of

_LISTS = 'in this file labels come as a list: write ["one", "another"], or [] for none'


class LabelFault(ValueError):
    """The labels of a row cannot be used.

    Attributes:
        kind: a stable short name.
        message: what is wrong.
        hint: what to do about it.
    """

    def __init__(self, kind: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.kind, self.message, self.hint = kind, message, hint


@dataclass(frozen=True, slots=True)
class Several:
    """That rows may have several labels, and how a text field joins them.

    Attributes:
        separator: between the labels of one field, such as ``|``; empty where they come as
            lists only (JSON, JSON Lines, Parquet).
    """

    separator: str = ""

    def met_in(self, values: Sequence[object]) -> bool:
        """Whether a column holds several labels a row: its first value decides."""
        if self.separator:
            return True
        return isinstance(next((value for value in values if value is not None), None), list)

    def labels_of(self, value: object, text: object) -> tuple[str, ...]:
        """The labels of a row, in their order, outer white space removed.

        An empty list, or an empty field where a separator is given, is a row with none.

        Args:
            value: what stands in the label column.
            text: the row's text, for the message.

        Raises:
            LabelFault: not a list, or something in it is no label or stands in it twice.
        """
        where = excerpt(text) if isinstance(text, str) else "the row"
        if isinstance(value, str) and self.separator:
            value = value.split(self.separator) if value.strip() else []
        if value is None:
            raise LabelFault("missing_label", f"no labels for {where}", _LISTS)
        if not isinstance(value, list):
            message = f"the labels of {where} are {kind_of(value)}, not a list"
            raise LabelFault("mixed_labels", message, _LISTS)
        names = [self._name(each, at, where) for at, each in enumerate(value, start=1)]
        for name in names:
            if names.count(name) > 1:
                message = f"label {excerpt(name)} stands twice at {where}"
                raise LabelFault("repeated_label", message, "write each label once")
        return tuple(names)

    def _name(self, value: object, at: int, where: str) -> str:
        if type(value) is int:
            value = str(value)
        if not isinstance(value, str):
            message = f"label {at} of {where} is {kind_of(value)}"
            raise LabelFault("bad_type", message, "a label must be a string or a whole number")
        if not value.strip():
            hint = "remove it, or write its name"
            raise LabelFault("missing_label", f"label {at} of {where} is empty", hint)
        return value.strip()
