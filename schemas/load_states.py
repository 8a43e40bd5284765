"""The life of a load: which states a row of `quality.quality_load_log` may be in, and what moves it on."""

from __future__ import annotations

from enum import StrEnum
from itertools import product
from typing import NamedTuple


class LoadStatus(StrEnum):
    """How an attempt at a file is doing."""

    RUNNING = "running"
    """A run works on it, as long as someone holds the lock of its claim key."""
    SUCCESS = "success"
    """Every reading of the file is in core, or was an identical duplicate."""
    PARTIAL = "partial"
    """In core but for the rejected readings, whose row errors say why."""
    FAILED = "failed"
    """Nothing of it is in core; `problem` and `message` say why. The next run tries again."""
    HELD = "held"
    """Nothing of it is in core: it would change too much there, and waits for a person to release it."""
    SKIPPED = "skipped"
    """Its content is known already or held, another run is loading it, a newer version has come, or it is not read."""


class LoadStep(StrEnum):
    """How far an attempt has come; a retry goes on from here."""

    CLAIMED = "claimed"
    """The run has claimed the content; stage may hold nothing of it."""
    STAGED = "staged"
    """Every source row is in stage."""
    VALIDATED = "validated"
    """Every reading has its outcome in stage, and every rejected one its row errors."""
    LOADED = "loaded"
    """Merged into core, in the same transaction as this step."""


class LoadState(NamedTuple):
    """Status and step of a row."""

    status: LoadStatus
    step: LoadStep


ALL_STATES = [LoadState(status, step) for status, step in product(LoadStatus, LoadStep)]
_UNFINISHED_STEPS = (LoadStep.CLAIMED, LoadStep.STAGED, LoadStep.VALIDATED)
_ENDED_IN_CORE = (LoadStatus.SUCCESS, LoadStatus.PARTIAL)


def _running(step: LoadStep) -> LoadState:
    return LoadState(LoadStatus.RUNNING, step)


def _failed(step: LoadStep) -> LoadState:
    return LoadState(LoadStatus.FAILED, step)


_HELD = LoadState(LoadStatus.HELD, LoadStep.VALIDATED)

INSERTS: dict[str, frozenset[LoadState]] = {
    # Claimed; unreadable; known already.
    "insert_load": frozenset(
        {_running(LoadStep.CLAIMED), _failed(LoadStep.CLAIMED), LoadState(LoadStatus.SKIPPED, LoadStep.CLAIMED)}
    ),
    # Rows copied from stage.
    "insert_requeue_load": frozenset({_running(LoadStep.STAGED)}),
}
"""Statement of `tasks/*/sql` → the states that a row may begin in."""

FIRST_STATES = frozenset().union(*INSERTS.values())

TRANSITIONS: dict[str, frozenset[tuple[LoadState, LoadState]]] = {
    "finish_staging": frozenset({(_running(LoadStep.CLAIMED), _running(LoadStep.STAGED))}),
    "finish_validation": frozenset({(_running(LoadStep.STAGED), _running(LoadStep.VALIDATED))}),
    "finish_load": frozenset(
        (_running(LoadStep.VALIDATED), LoadState(status, LoadStep.LOADED)) for status in _ENDED_IN_CORE
    ),
    # A failed load may fail once more with another message: its retry was refused.
    "fail_load": frozenset(
        (before, _failed(step)) for step in _UNFINISHED_STEPS for before in (_running(step), _failed(step))
    ),
    "fail_dead_load": frozenset((_running(step), _failed(step)) for step in _UNFINISHED_STEPS),
    "fail_dead_loads": frozenset((_running(step), _failed(step)) for step in _UNFINISHED_STEPS),
    "adopt_loads": frozenset(
        (before, _running(step))
        for step in (LoadStep.STAGED, LoadStep.VALIDATED)
        for before in (_running(step), _failed(step))
    ),
    "restart_failed_loads": frozenset(
        (_failed(step), _failed(LoadStep.CLAIMED)) for step in (LoadStep.STAGED, LoadStep.VALIDATED)
    ),
    "hold_load": frozenset({(_running(LoadStep.VALIDATED), _HELD)}),
    "release_load": frozenset({(_HELD, _running(LoadStep.VALIDATED))}),
    "supersede_held_loads": frozenset({(_HELD, LoadState(LoadStatus.SKIPPED, LoadStep.VALIDATED))}),
    "mark_purged": frozenset(
        (_failed(step), _failed(LoadStep.CLAIMED)) for step in (LoadStep.STAGED, LoadStep.VALIDATED)
    ),
}
"""Statement of `tasks/*/sql` → the moves that it makes; it leaves rows in every other state as they are.

A rollback moves nothing: it sets `rolled_back_at` on loads that ended in core (see quality.effective_loads). A purge
writes `purged_before` in every state, and moves only failed loads, which must begin again without their rows.
"""


def as_mermaid() -> str:
    """Return the life of a load as a Mermaid state diagram, for CONTRIBUTING.md."""
    moves: dict[tuple[str, str], list[str]] = {}
    for statement, states in INSERTS.items():
        for state in sorted(states, key=ALL_STATES.index):
            moves.setdefault(("[*]", _node(state)), []).append(statement)
    for statement, transitions in TRANSITIONS.items():
        for before, after in sorted(transitions, key=lambda move: (*map(ALL_STATES.index, move),)):
            moves.setdefault((_node(before), _node(after)), []).append(statement)
    reached = {node for move in moves for node in move}
    return "\n".join(
        [
            "stateDiagram-v2",
            *(f"    {_node(state)}: {state.status}, {state.step}" for state in ALL_STATES if _node(state) in reached),
            *(f"    {before} --> {after}: {', '.join(names)}" for (before, after), names in moves.items()),
        ]
    )


def _node(state: LoadState) -> str:
    return f"{state.status}_{state.step}"
