"""Manage the projects of the account and the service for each of them."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from web_image_ocr.api.management import Call, ManagementCall, record_id
from web_image_ocr.api.openapi.failures import management_failures
from web_image_ocr.api.openapi.operations import in_path, operation, page_parameters
from web_image_ocr.api.wire.codec import PAGE_QUERY, json_response, query_parameters, requested_page
from web_image_ocr.api.wire.management import (
    ManagedProject,
    ManagedProjectsAnswer,
    NewProjectRequest,
    encode_list,
    encode_project,
)
from web_image_ocr.identity import API_NAME, Administration, Project, ProjectState, SelfService

router = APIRouter(tags=["Management"], responses=management_failures())

_ID = in_path("id", "Id of the project, 32 hex digits.")


@router.get(
    "/v1/projects",
    summary="List projects",
    response_model=ManagedProjectsAnswer,
    openapi_extra=operation(*page_parameters()),
)
async def list_projects(request: Request, call: Call) -> Response:
    """Return a page of the account's projects by name, for every role."""
    page = requested_page(query_parameters(request, PAGE_QUERY))
    found = await call.self_service(SelfService.projects, page)
    return json_response(encode_list("projects", encode_project, found))


@router.post(
    "/v1/projects",
    status_code=201,
    summary="Create a project",
    response_model=ManagedProject,
    openapi_extra=operation(body=NewProjectRequest),
)
async def create_project(call: Call) -> Response:
    """Return the new project, for which the service is disabled. Administrators only."""
    await call.check_is_administrator()
    wanted = await call.read(NewProjectRequest)
    created = await call.administration(Administration.create_project, wanted.name)
    return json_response(encode_project(ProjectState(project=created, enabled=False)), 201)


@router.delete(
    "/v1/projects/{id}", status_code=204, summary="Delete a project", openapi_extra=operation(_ID)
)
async def delete_project(request: Request, call: Call) -> Response:
    """Delete the project with its usage data. Administrators only."""
    await call.check_is_administrator()
    await call.administration(Administration.delete_project, record_id(request))
    return Response(status_code=204)


@router.put(
    "/v1/projects/{id}/subscription",
    summary="Enable the service for a project",
    response_model=ManagedProject,
    openapi_extra=operation(_ID),
)
async def enable_service(request: Request, call: Call) -> Response:
    """Return the enabled project, also if it was enabled before. Administrators only."""
    return await _switch_service(request, call, enabled=True)


@router.delete(
    "/v1/projects/{id}/subscription",
    summary="Disable the service for a project",
    response_model=ManagedProject,
    openapi_extra=operation(_ID),
)
async def disable_service(request: Request, call: Call) -> Response:
    """Return the disabled project, also if it was disabled before. Administrators only."""
    return await _switch_service(request, call, enabled=False)


async def _switch_service(request: Request, call: ManagementCall, *, enabled: bool) -> Response:
    await call.check_is_administrator()
    project_id = record_id(request)

    def switch(accounts: Administration) -> Project:
        change = accounts.enable if enabled else accounts.disable
        change(project_id, API_NAME)
        return accounts.project(project_id)

    changed = await call.administration(switch)
    return json_response(encode_project(ProjectState(project=changed, enabled=enabled)))
