"""What a file of examples is made of, in figures: labels, lengths, words, languages, copies.

``texts.py`` describes labelled texts, ``chats.py`` conversations; the other files are their
parts. Nothing here judges: faults are for ``data/check.py``.
"""
