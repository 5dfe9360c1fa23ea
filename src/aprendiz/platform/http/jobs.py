"""``/fine_tuning/jobs``: create, list, follow, cancel, pause, resume; delete where Azure has it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from aprendiz.platform.http import asked
from aprendiz.platform.http.dialects import Dialect, body, errors, located, platform_of
from aprendiz.platform.http.shapes import Checkpoint, Event, Job, Listing
from aprendiz.platform.http.shown import listing, show_checkpoint, show_event, show_job
from aprendiz.platform.records import Refusal

JOBS = "/fine_tuning/jobs"

After = Annotated[str | None, Query(description="Id of the last row already seen.")]
Limit = Annotated[int, Query(ge=1, le=10_000)]


def routes(dialect: Dialect) -> APIRouter:
    """The routes of a dialect."""
    router = APIRouter(tags=["fine-tuning"])

    @router.post(
        JOBS,
        response_model=Job,
        status_code=dialect.created,
        responses=errors(404),
        openapi_extra=body(asked.AskedJob),
    )
    async def create_job(request: Request, response: Response) -> dict[str, Any]:
        """Begin to learn from a file; the job goes on by itself."""
        wanted = (await asked.read(request, asked.AskedJob)).request()
        record = await run_in_threadpool(platform_of(request).jobs.create, wanted)
        located(request, response, dialect, record.id)
        return show_job(record)

    @router.get(JOBS, response_model=Listing[Job], responses=errors())
    def list_jobs(request: Request, after: After = None, limit: Limit = 20) -> dict[str, Any]:
        """The jobs, newest first; `metadata[key]=value` leaves those that carry it."""
        page = platform_of(request).store.jobs(after, limit, _metadata(request))
        return listing(page, show_job)

    @router.get(JOBS + "/{job_id}", response_model=Job, responses=errors(404))
    def retrieve_job(request: Request, job_id: str) -> dict[str, Any]:
        """One job."""
        return show_job(platform_of(request).store.job(job_id))

    @router.post(JOBS + "/{job_id}/cancel", response_model=Job, responses=errors(404))
    def cancel_job(request: Request, job_id: str) -> dict[str, Any]:
        """End a job that has not ended."""
        return show_job(platform_of(request).jobs.cancel(job_id))

    @router.post(JOBS + "/{job_id}/pause", response_model=Job, responses=errors(404))
    def pause_job(request: Request, job_id: str) -> dict[str, Any]:
        """Stop a job so that it can go on later."""
        return show_job(platform_of(request).jobs.pause(job_id))

    @router.post(JOBS + "/{job_id}/resume", response_model=Job, responses=errors(404))
    def resume_job(request: Request, job_id: str) -> dict[str, Any]:
        """Go on with a paused job."""
        return show_job(platform_of(request).jobs.resume(job_id))

    @router.get(JOBS + "/{job_id}/events", response_model=Listing[Event], responses=errors(404))
    def list_events(
        request: Request, job_id: str, after: After = None, limit: Limit = 20
    ) -> dict[str, Any]:
        """What has happened to a job, newest first."""
        return listing(platform_of(request).store.events(job_id, after, limit), show_event)

    @router.get(
        JOBS + "/{job_id}/checkpoints", response_model=Listing[Checkpoint], responses=errors(404)
    )
    def list_checkpoints(
        request: Request, job_id: str, after: After = None, limit: Limit = 10
    ) -> dict[str, Any]:
        """The models kept on the way, newest first; each can chat under its own name."""
        return listing(
            platform_of(request).store.checkpoints(job_id, after, limit), show_checkpoint
        )

    if dialect.azure:
        # Azure's documentation prints these two with POST; both its specifications say GET.
        router.post(
            JOBS + "/{job_id}/events", response_model=Listing[Event], responses=errors(404)
        )(list_events)
        router.post(
            JOBS + "/{job_id}/checkpoints",
            response_model=Listing[Checkpoint],
            responses=errors(404),
        )(list_checkpoints)

    if dialect.dated:

        @router.delete(
            JOBS + "/{job_id}",
            status_code=204,
            response_class=Response,
            responses=errors(404),
        )
        def delete_job(request: Request, job_id: str) -> Response:
            """Forget a job that has ended; its models stay."""
            platform_of(request).jobs.delete(job_id)
            return Response(status_code=204)

    return router


def _metadata(request: Request) -> dict[str, str] | None:
    """The filter in the address; ``metadata=null`` asks for jobs without any."""
    pairs = {}
    for name, value in request.query_params.multi_items():
        if name == "metadata" and value == "null":
            return {}
        if name.startswith("metadata[") and name.endswith("]"):
            pairs[name[len("metadata[") : -1]] = value
        elif name == "metadata":
            raise Refusal(
                400,
                "metadata is a filter: metadata[key]=value, or metadata=null.",
                param="metadata",
            )
    return pairs or None
