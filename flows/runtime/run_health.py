"""Runs that do not start or end by themselves: found and set free by the server, by `dataops up`, named by `status`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from uuid import UUID
from zoneinfo import ZoneInfo

from prefect import get_client
from prefect.automations import Automation
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType, WorkerStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.states import Cancelled, Scheduled

POOL = "dataops"
DEPLOYMENT = "load-day/day"
# Several beats of PREFECT_FLOWS_HEARTBEAT_FREQUENCY: one that comes late is no death.
_SILENT_SECONDS = 180
# A worker that lives starts a run in 5 to 15 seconds; the server looks every 5.
_STUCK_SECONDS = 100
_LAST_WORDS = ("Completed", "Failed", "Cancelled", "Crashed")
_LEFT_PENDING = ("Running", "Scheduled", "Late", "AwaitingRetry", "Retrying", "Cancelling", *_LAST_WORDS)
_NEVER_STARTED = "the worker that took this run has not started it"
_LONGEST_BEAT = dt.timedelta(seconds=60)  # a worker's, which is 30 seconds by default


def automations() -> list[Automation]:
    """Return what the server does about runs whose process or worker died silently.

    The first is that of Prefect's documentation, "detect zombie flows". A run that its worker was about to start has no
    heartbeat yet: another worker takes it.
    """
    return [
        Automation(
            name="Crash zombie flows",
            trigger=_silence({"heartbeat"}, {"heartbeat", *_LAST_WORDS}, _SILENT_SECONDS),
            actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no sign of life from the run's process")],
        ),
        Automation(
            name="Restart stuck flows",
            trigger=_silence({"Pending"}, set(_LEFT_PENDING), _STUCK_SECONDS),
            actions=[ChangeFlowRunState(state=StateType.SCHEDULED, message=_NEVER_STARTED)],
        ),
    ]


def _silence(after: set[str], expect: set[str], seconds: int) -> EventTrigger:
    """Match a deployment's run of which, after one event, none of others is heard."""
    return EventTrigger(
        after={f"prefect.flow-run.{event}" for event in after},
        expect={f"prefect.flow-run.{event}" for event in expect},
        match={"prefect.resource.id": ["prefect.flow-run.*"]},
        match_related={"prefect.resource.role": "deployment"},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=dt.timedelta(seconds=seconds),
    )


async def ensure_automations() -> None:
    """Create the automations that are missing."""
    for automation in automations():
        try:
            await Automation.aread(name=automation.name)
        except ValueError:  # Prefect's answer for an automation that does not exist
            await automation.acreate()


async def free_stuck_runs() -> None:
    """Start again what no worker will start: runs that a dead one took, and runs whose work pool was deleted."""
    async with get_client() as client:
        for run in await _stuck_runs(client):
            await client.set_flow_run_state(run.id, Scheduled(message=_NEVER_STARTED), force=True)
        deployment = await client.read_deployment_by_name(DEPLOYMENT)
        for run in await _waiting_runs(client, of=deployment.id):
            if run.work_queue_id is None:
                again = await client.create_flow_run_from_deployment(
                    deployment.id,
                    parameters=run.parameters,
                    name=run.name,
                    tags=run.tags,
                    state=Scheduled(scheduled_time=run.expected_start_time),
                )
                why = f"its work pool was deleted: started again as {again.id}"
                await client.set_flow_run_state(run.id, Cancelled(message=why), force=True)


async def unheard_workers(started: Mapping[str, dt.datetime]) -> set[str]:
    """Return which of these workers the server has not heard of lately, since each was started."""
    async with get_client() as client:
        workers = await client.read_workers_for_work_pool(POOL)
    lately = dt.datetime.now(dt.UTC) - _LONGEST_BEAT
    heard = {
        worker.name
        for worker in workers
        if worker.name in started
        and worker.last_heartbeat_time
        and worker.last_heartbeat_time > max(lately, started[worker.name])
    }
    return started.keys() - heard


async def find_troubles(zone: ZoneInfo) -> list[str]:
    """Say what keeps runs from starting; one sentence each, none if all is well."""
    async with get_client() as client:
        return [*await _troubles_of_deployments(client), *await _troubles_of_runs(client, zone)]


async def _troubles_of_deployments(client: PrefectClient) -> list[str]:
    deployments = await client.read_deployments()
    if not deployments:
        return [f"{DEPLOYMENT} is not deployed, nothing is scheduled"]
    # RUN_MODE=loop serves its deployment without a pool.
    of_workers = [deployment for deployment in deployments if deployment.name == DEPLOYMENT.partition("/")[2]]
    troubles = []
    for deployment in of_workers:
        if not (pool := deployment.work_pool_name):
            troubles.append(f"the work pool of {DEPLOYMENT} was deleted, its runs do not start")
        elif not await _has_online_worker(client, pool):
            troubles.append(f"no worker of the work pool {pool} is online")
    return troubles


async def _has_online_worker(client: PrefectClient, pool: str) -> bool:
    return any(worker.status is WorkerStatus.ONLINE for worker in await client.read_workers_for_work_pool(pool))


async def _troubles_of_runs(client: PrefectClient, zone: ZoneInfo) -> list[str]:
    late = [run for run in await _waiting_runs(client) if run.state_name == "Late"]
    stuck = await _stuck_runs(client)
    return [
        f"{len(runs)} runs are {what}, the first is that of {_due(runs[0], zone)}"
        for what, runs in (("late", late), ("taken by a worker that does not start them", stuck))
        if runs
    ]


def _due(run: FlowRun, zone: ZoneInfo) -> str:
    return f"{run.expected_start_time.astimezone(zone):%Y-%m-%d %H:%M}" if run.expected_start_time else run.name


async def _stuck_runs(client: PrefectClient) -> list[FlowRun]:
    """Find the runs that a worker has taken and not started, for longer than one that lives needs."""
    pending = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PENDING])),
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
    )
    runs = await client.read_flow_runs(flow_run_filter=pending, sort=FlowRunSort.EXPECTED_START_TIME_ASC)
    since = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=_STUCK_SECONDS)
    return [run for run in runs if run.state and run.state.timestamp < since]


async def _waiting_runs(client: PrefectClient, of: UUID | None = None) -> list[FlowRun]:
    """Find the runs, of one deployment or of any, that should have started by now."""
    overdue = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=dt.datetime.now(dt.UTC)),
        deployment_id=FlowRunFilterDeploymentId(any_=[of] if of else None),
    )
    return await client.read_flow_runs(flow_run_filter=overdue, sort=FlowRunSort.EXPECTED_START_TIME_ASC)
