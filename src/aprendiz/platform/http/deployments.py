"""Deployments, as Azure has them: names that its clients call a model by.

Under ``/openai/deployments`` in the shape of the data plane, and under ``/subscriptions/…``
in that of the Azure Resource Manager. Here a deployment is ready as soon as it exists, and a
model answers without one as well.
"""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from aprendiz.platform.http import asked
from aprendiz.platform.http.dialects import body, errors, platform_of
from aprendiz.platform.http.shapes import ArmDeployment, ArmListing, Deployment, Listing
from aprendiz.platform.http.shown import listing, show_arm_deployment, show_deployment
from aprendiz.platform.ids import now
from aprendiz.platform.records import DeploymentRecord, Page, Refusal
from aprendiz.platform.service import Platform

ARM = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/"
    "Microsoft.CognitiveServices/accounts/{account}"
)
_SKU = {"name": "Standard", "capacity": 1}


def data_plane() -> APIRouter:
    """The routes under ``/openai``."""
    router = APIRouter(tags=["deployments"])

    @router.get("/deployments", response_model=Listing[Deployment], responses=errors())
    def list_deployments(request: Request) -> dict[str, Any]:
        """Every deployment."""
        rows = platform_of(request).store.deployments()
        return listing(Page(rows, has_more=False), show_deployment)

    @router.post(
        "/deployments",
        response_model=Deployment,
        status_code=201,
        responses=errors(404),
        openapi_extra=body(asked.AskedDeployment),
    )
    async def create_deployment(request: Request) -> dict[str, Any]:
        """Give a tuned model a name of its own."""
        wanted = await asked.read(request, asked.AskedDeployment)
        sku = {**_SKU, **_capacity(wanted.scale_settings)}
        record, _ = await run_in_threadpool(
            _put, platform_of(request), wanted.id or wanted.model, wanted.model, sku, ""
        )
        return show_deployment(record)

    @router.get("/deployments/{deployment:path}", response_model=Deployment, responses=errors(404))
    def retrieve_deployment(request: Request, deployment: str) -> dict[str, Any]:
        """One deployment."""
        return show_deployment(platform_of(request).store.deployment(deployment))

    @router.delete("/deployments/{deployment:path}", status_code=204, responses=errors(404))
    def delete_deployment(request: Request, deployment: str) -> Response:
        """Forget the name; the model stays."""
        platform_of(request).store.delete_deployment(deployment)
        return Response(status_code=204)

    return router


def resource_manager() -> APIRouter:
    """The routes under ``/subscriptions``."""
    router = APIRouter(tags=["deployments"])
    one = ARM + "/deployments/{name}"

    @router.get(ARM + "/deployments", response_model=ArmListing, responses=errors())
    def list_deployments(
        request: Request, subscription: str, group: str, account: str
    ) -> dict[str, Any]:
        """Every deployment; all accounts share them here."""
        scope = _scope(subscription, group, account)
        rows = platform_of(request).store.deployments()
        return {"value": [show_arm_deployment(row, scope) for row in rows]}

    @router.put(
        one,
        response_model=ArmDeployment,
        responses={201: {"model": ArmDeployment}, **errors(404)},
        openapi_extra=body(asked.AskedArmDeployment),
    )
    async def put_deployment(
        request: Request,
        response: Response,
        subscription: str,
        group: str,
        account: str,
        name: str,
    ) -> dict[str, Any]:
        """Make a deployment (201), or change the one of that name (200)."""
        wanted = await asked.read(request, asked.AskedArmDeployment)
        scope = _scope(subscription, group, account)
        record, new = await run_in_threadpool(
            _put,
            platform_of(request),
            name,
            wanted.properties.model.name,
            wanted.sku or _SKU,
            scope,
        )
        response.status_code = 201 if new else 200
        return show_arm_deployment(record, scope)

    @router.get(one, response_model=ArmDeployment, responses=errors(404))
    def retrieve_deployment(
        request: Request, subscription: str, group: str, account: str, name: str
    ) -> dict[str, Any]:
        """One deployment."""
        scope = _scope(subscription, group, account)
        return show_arm_deployment(platform_of(request).store.deployment(name), scope)

    @router.delete(one, response_class=Response, responses=errors(404))
    def delete_deployment(
        request: Request, subscription: str, group: str, account: str, name: str
    ) -> Response:
        """Forget the name; the model stays."""
        platform_of(request).store.delete_deployment(name)
        return Response(status_code=200)

    return router


def _put(
    platform: Platform, name: str, model: str, sku: dict[str, Any], scope: str
) -> tuple[DeploymentRecord, bool]:
    """Make or change a deployment of a model, given by its name or a checkpoint's id.

    Raises:
        Refusal: 404, there is no such tuned model; 400, the name is another tuned model's, or
            the sku holds a number that JSON does not have.
    """
    try:
        json.dumps(sku, allow_nan=False)
    except ValueError:
        raise Refusal(400, "The sku holds a number that JSON does not have.", param="sku") from None
    try:
        found = platform.store.model(model)
    except Refusal as unknown:
        raise Refusal(
            404,
            f"There is no tuned model '{model}' to deploy. GET /openai/models lists them.",
            code="model_not_found",
            param="model",
        ) from unknown
    _refuse_to_shadow(platform, name, found.id)
    time = now()
    new = platform.store.put_deployment(DeploymentRecord(name, found.id, time, time, sku, scope))
    return platform.store.deployment(name), new


def _refuse_to_shadow(platform: Platform, name: str, model: str) -> None:
    """Keep a deployment from taking the name that another tuned model answers under."""
    try:
        other = platform.store.model(name)
    except Refusal:
        return
    if other.id != model:
        raise Refusal(
            400,
            f"'{name}' is itself a tuned model; give the deployment another name.",
            code="invalid_value",
            param="id",
        )


def _scope(subscription: str, group: str, account: str) -> str:
    return ARM.format(subscription=subscription, group=group, account=account)


def _capacity(settings: dict[str, Any] | None) -> dict[str, Any]:
    capacity = (settings or {}).get("capacity")
    return {"capacity": capacity} if type(capacity) is int else {}
