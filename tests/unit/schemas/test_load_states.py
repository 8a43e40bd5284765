from __future__ import annotations

from schemas.load_states import ALL_STATES, FIRST_STATES, TRANSITIONS, LoadState, LoadStatus, LoadStep, as_mermaid


def test_every_state_of_a_transition_is_reached_from_a_first_state() -> None:
    moves = {move for transitions in TRANSITIONS.values() for move in transitions}
    reached = set(FIRST_STATES)
    while more := {after for before, after in moves if before in reached} - reached:
        reached |= more

    assert {state for move in moves for state in move} <= reached <= set(ALL_STATES)


def test_only_loads_that_ended_in_core_are_loaded_and_nothing_leads_out_of_there() -> None:
    ended = {LoadState(status, LoadStep.LOADED) for status in (LoadStatus.SUCCESS, LoadStatus.PARTIAL)}
    moves = {move for transitions in TRANSITIONS.values() for move in transitions}

    assert {after for _, after in moves if after.step == LoadStep.LOADED} == ended
    assert not {before for before, _ in moves} & ended


def test_diagram_shows_each_state_and_names_the_statements_of_each_move() -> None:
    lines = as_mermaid().splitlines()

    assert lines[0] == "stateDiagram-v2"
    assert "    running_staged: running, staged" in lines
    assert "    [*] --> running_staged: insert_requeue_load" in lines
    assert "    running_claimed --> failed_claimed: fail_load, fail_dead_load, fail_dead_loads" in lines
    assert len(lines) == len(set(lines))
    assert not any("running_loaded" in line for line in lines)
