"""One function for each fault a file of examples can have, by theme.

``copies`` the same text again, ``labels``, ``texts`` what a single text holds, ``language``,
``length``. ``data/check.py`` and ``data/examine.py`` put them together; faults of the file itself
(encoding, JSON, columns) are found while it is read.
"""
