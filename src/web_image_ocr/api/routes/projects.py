"""The projects of the account, and which of them may call the service."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import managing, record_id
from web_image_ocr.api.openapi_management import (
    PAGE_PARAMETERS,
    in_path,
    management_failures,
    management_operation,
)
from web_image_ocr.api.wire.codec import PAGE_QUERY, json_response, query_parameters, requested_page
from web_image_ocr.api.wire.management import (
    ManagedProject,
    ManagedProjectsAnswer,
    NewProjectRequest,
    encode_list,
    encode_project,
)
from web_image_ocr.identity import API_NAME, Administration, Project, ProjectState

router = APIRouter(tags=["Management"])

_ID = in_path("id", "Of the project, 32 hex digits.")


@router.get(
    "/v1/projects",
    summary="List the account's projects",
    response_model=ManagedProjectsAnswer,
    responses=management_failures(),
    openapi_extra=management_operation("list_projects", *PAGE_PARAMETERS),
)
async def list_projects(request: Request) -> Response:
    """Return projects by name, in pages, to every role."""
    async with managing(request) as call:
        page = requested_page(query_parameters(request, PAGE_QUERY))
        found = await call.self_service(lambda account: account.projects(page))
        return json_response(encode_list("projects", encode_project, found))


@router.post(
    "/v1/projects",
    status_code=201,
    summary="Make a project",
    response_model=ManagedProject,
    responses=management_failures(),
    openapi_extra=management_operation("create_project", body=NewProjectRequest),
)
async def create_project(request: Request) -> Response:
    """The new project, which has not enabled the service; administrators only."""
    async with managing(request) as call:
        await call.check_administers()
        asked = await call.read(NewProjectRequest)
        made = await call.administration(lambda accounts: accounts.create_project(asked.name))
        return json_response(encode_project(ProjectState(project=made, enabled=False)), 201)


@router.delete(
    "/v1/projects/{id}",
    status_code=204,
    summary="Delete a project",
    responses=management_failures(),
    openapi_extra=management_operation("delete_project", _ID),
)
async def delete_project(request: Request) -> Response:
    """Forgets the project with what was counted for it; administrators only."""
    async with managing(request) as call:
        await call.check_administers()
        project = record_id(request)
        await call.administration(lambda accounts: accounts.delete_project(project))
        return Response(status_code=204)


@router.put(
    "/v1/projects/{id}/subscription",
    summary="Enable the service for a project",
    response_model=ManagedProject,
    responses=management_failures(),
    openapi_extra=management_operation("enable_service", _ID),
)
async def enable_service(request: Request) -> Response:
    """The project, enabled; no error if it is already; administrators only."""
    return await _switch_service(request, enabled=True)


@router.delete(
    "/v1/projects/{id}/subscription",
    summary="Switch the service off for a project",
    response_model=ManagedProject,
    responses=management_failures(),
    openapi_extra=management_operation("disable_service", _ID),
)
async def disable_service(request: Request) -> Response:
    """The project, which may not call any more; no error if it may not; administrators only."""
    return await _switch_service(request, enabled=False)


async def _switch_service(request: Request, *, enabled: bool) -> Response:
    async with managing(request) as call:
        await call.check_administers()
        wanted = record_id(request)

        def switch(accounts: Administration) -> Project:
            change = accounts.enable if enabled else accounts.disable
            change(wanted, API_NAME)
            return accounts.project(wanted)

        changed = await call.administration(switch)
        return json_response(encode_project(ProjectState(project=changed, enabled=enabled)))
