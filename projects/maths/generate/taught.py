"""The concepts that the base model has never seen: what the adapter has to teach it.

Each plan is a few steps of the arithmetic in ``known.py`` (see ``working.py`` for how a
product or a quotient breaks down): what is new is which steps, on which numbers, and why.
"""

from __future__ import annotations

from taught_algebra import ALGEBRA
from taught_measures import MEASURES
from taught_shares import SHARES

TAUGHT = (*SHARES, *MEASURES, *ALGEBRA)
