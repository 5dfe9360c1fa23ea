"""Everything a comparison leaves in its folder for people: page, pictures, Markdown."""

from __future__ import annotations

from pathlib import Path

import yaml

from aprendiz.report import comparison_figures, comparison_text, page
from aprendiz.report.comparison import Comparison

PAGE, TEXT, PLOTS = "comparison.html", "comparison.md", "plots"


def write(told: Comparison) -> Path:
    """Write pictures, page and Markdown into the comparison's folder; returns the page.

    Raises:
        MissingExtra: a library that draws is not installed.
    """
    figures = comparison_figures.draw(told, told.folder / PLOTS)
    html = page.fill(
        "comparison_page.html",
        told=told,
        tables=comparison_text.tables(told),
        remarks=comparison_text.remarks(told),
        pictures=[page.embed(figure) for figure in figures],
        recipes={each.name: _yaml(each.recipe) for each in told.methods},
    )
    (told.folder / TEXT).write_text(comparison_text.markdown(told), encoding="utf-8")
    (told.folder / PAGE).write_text(html, encoding="utf-8")
    return told.folder / PAGE


def _yaml(recipe: object) -> str:
    return yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True)
