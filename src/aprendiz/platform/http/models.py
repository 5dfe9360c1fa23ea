"""``/models``: the base models that can be tuned, and what has been tuned here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from aprendiz.platform import names
from aprendiz.platform.http.dialects import errors, platform_of
from aprendiz.platform.http.shapes import Deleted, Listing, Model
from aprendiz.platform.http.shown import deleted, listing, show_base, show_model
from aprendiz.platform.records import Page, Refusal


def routes() -> APIRouter:
    """The routes, the same in every dialect."""
    router = APIRouter(tags=["models"])

    @router.get("/models", response_model=Listing[Model], responses=errors())
    def list_models(request: Request) -> dict[str, Any]:
        """Every model, tuned ones first; a list without pages, as the vendors have it."""
        platform = platform_of(request)
        tuned = [show_model(record) for record in platform.store.models()]
        bases = {
            base.pattern: show_base(base, base.pattern)
            for base in names.table(platform.settings)
            if base.one_name
        }
        return listing(Page((*tuned, *bases.values()), has_more=False), dict)

    @router.get("/models/{model:path}", response_model=Model, responses=errors(404))
    def retrieve_model(request: Request, model: str) -> dict[str, Any]:
        """One model, also under a name that the table only has a pattern for."""
        platform = platform_of(request)
        try:
            return show_model(platform.store.model(model))
        except Refusal:
            if model.startswith("ft:"):
                raise
        return show_base(names.find(model, platform.settings), model)

    @router.delete("/models/{model:path}", response_model=Deleted, responses=errors(404))
    def delete_model(request: Request, model: str) -> dict[str, Any]:
        """Forget a tuned model, or a checkpoint of one."""
        platform_of(request).store.delete_model(model)
        return deleted(model, "model")

    return router
