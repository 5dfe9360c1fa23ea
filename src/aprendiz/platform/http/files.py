"""``/files``: upload, list, look at, download, delete."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from aprendiz.platform.files import PURPOSES
from aprendiz.platform.http.dialects import Dialect, errors, located, platform_of
from aprendiz.platform.http.shapes import Deleted, File, Listing
from aprendiz.platform.http.shown import deleted, listing, show_file
from aprendiz.platform.records import Refusal

_FORM = {
    "type": "object",
    "required": ["purpose", "file"],
    "properties": {
        "purpose": {
            "type": "string",
            "enum": list(PURPOSES),
            "description": "`fine-tune` for a file to learn from.",
        },
        "file": {"type": "string", "format": "binary"},
        "expires_after[anchor]": {"type": "string", "const": "created_at"},
        "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 2592000},
    },
}
_FIELDS = 20  # more than the protocol has


def routes(dialect: Dialect) -> APIRouter:
    """The routes of a dialect."""
    router = APIRouter(tags=["files"])

    @router.post(
        "/files",
        response_model=File,
        status_code=dialect.created,
        responses=errors(413),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": _FORM}},
            }
        },
    )
    async def upload(request: Request, response: Response) -> dict[str, Any]:
        """Take a file in. A file to learn from is checked line by line before the answer."""
        async with request.form(max_files=1, max_fields=_FIELDS) as form:
            file, purpose = form.get("file"), form.get("purpose")
            if not isinstance(file, UploadFile) or not file.filename:
                raise _missing("file", "a file with its name, as multipart/form-data")
            if not isinstance(purpose, str):
                raise _missing("purpose", "such as fine-tune")
            record = await run_in_threadpool(
                platform_of(request).files.receive,
                file.file,
                file.filename,
                purpose,
                _lifetime(form.get("expires_after[anchor]"), form.get("expires_after[seconds]")),
            )
        located(request, response, dialect, record.id)
        return show_file(record)

    @router.get("/files", response_model=Listing[File], responses=errors())
    def list_files(
        request: Request,
        purpose: str | None = None,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
        order: Literal["asc", "desc"] = "desc",
    ) -> dict[str, Any]:
        """The files, newest first."""
        page = platform_of(request).store.files(purpose, after, limit, order)
        return listing(page, show_file)

    @router.get("/files/{file_id}", response_model=File, responses=errors(404))
    def retrieve_file(request: Request, file_id: str) -> dict[str, Any]:
        """One file."""
        return show_file(platform_of(request).store.file(file_id))

    @router.delete("/files/{file_id}", response_model=Deleted, responses=errors(404))
    def delete_file(request: Request, file_id: str) -> dict[str, Any]:
        """Remove a file; jobs that were given it are not disturbed."""
        platform_of(request).files.delete(file_id)
        return deleted(file_id, "file")

    @router.get(
        "/files/{file_id}/content",
        response_class=FileResponse,
        responses={200: {"content": {"application/octet-stream": {}}}, **errors(404)},
    )
    def download_file(request: Request, file_id: str) -> FileResponse:
        """The bytes of a file."""
        platform = platform_of(request)
        record = platform.store.file(file_id)
        return FileResponse(
            platform.files.path(record),
            media_type="application/octet-stream",
            filename=record.filename,
        )

    return router


def _missing(param: str, what: str) -> Refusal:
    return Refusal(
        400,
        f"{param} is missing: {what}.",
        code="missing_required_parameter",
        param=param,
    )


def _lifetime(anchor: object, seconds: object) -> int | None:
    """Seconds until a file is removed, from the two form fields."""
    if anchor is None and seconds is None:
        return None
    if anchor != "created_at" or not isinstance(seconds, str) or not seconds.isdecimal():
        raise Refusal(
            400,
            "expires_after needs expires_after[anchor]=created_at and expires_after[seconds] as a "
            "whole number from 3600 to 2592000.",
            code="invalid_value",
            param="expires_after",
        )
    return int(seconds[:20])
