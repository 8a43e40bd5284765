"""After any loads, replays, rollbacks, requeues and purges core is as a model says, and known as it was after each."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg
import hypothesis
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from schemas.errors import TerminalError
from schemas.settings import Settings
from tasks.ingest.claim_files import Replay
from tasks.operate.purge_stage import find_old_loads, purge_loads
from tasks.warehouse.migrate import migrate
from tests.harness import PipelineHarness, long_csv

METERS = ("A", "LATE")
"""LATE is unknown to the reference tables at first."""
REPLACING = "z.csv"
"""A newer version of this file replaces days."""
SOURCES = """
name: replacing
match: [z.csv]
layout: long
replaces: days
stamp: {stamp}
---
name: others
match: ["*.csv"]
exclude: [z.csv]
layout: long
stamp: {stamp}
"""
Cell = tuple[str, int]
Rows = dict[Cell, int]


@dataclass
class Load:
    """What the model knows of a load: where in the order it comes and which readings it brought."""

    order: tuple[int, ...]
    path: str
    rows: Rows
    rolled_back: bool = False
    children: list[UUID] = field(default_factory=list)
    waiting: Rows = field(default_factory=dict)
    content: UUID | None = None
    """The first load of its content."""
    is_replay: bool = False
    """It stands in the place of all earlier loads of its content, as long as it is effective."""

    @property
    def has_waited(self) -> bool:
        """Its rows are those that waited in another load."""
        return len(self.order) > 1


class Model:
    """Core as a function of the loads that count: of several that have a reading, the latest one's value.

    A file that replaces days takes away what its earlier versions had of the meters that it has; all is on one day.
    """

    def __init__(self) -> None:
        self.loads: dict[UUID, Load] = {}
        self.known = {"A"}
        self._clock = 0

    def tick(self) -> tuple[int, ...]:
        self._clock += 1
        return (self._clock,)

    def load(
        self, load_id: UUID, path: str, rows: Rows, replay_of: UUID | None = None, *, in_place: bool = False
    ) -> None:
        known = {cell: value for cell, value in rows.items() if cell[0] in self.known}
        waiting = {cell: value for cell, value in rows.items() if cell[0] not in self.known}
        origin = self.loads[replay_of] if replay_of else None
        order = self.place_of(origin) if origin and in_place else self.tick()
        content = origin.content if origin else load_id
        is_replay = origin is not None
        self.loads[load_id] = Load(order, path, known, waiting=waiting, content=content, is_replay=is_replay)

    def place_of(self, origin: Load) -> tuple[int, ...]:
        """The place of a content in the order of loads: that of the load of it that counts, if one does."""
        same = [load for load in self.effective().values() if load.content == origin.content]
        return next((load.order for load in same if not load.has_waited), origin.order)

    def effective(self) -> dict[UUID, Load]:
        """The loads that count, in the order in which they came."""
        counting: dict[UUID, Load] = {}
        for load_id, load in self.loads.items():
            if load.rolled_back:
                continue
            if load.is_replay:
                counting = {one: other for one, other in counting.items() if other.content != load.content}
            counting[load_id] = load
        return counting

    def requeue(self, load_id: UUID, origin: UUID) -> None:
        parent = self.loads[origin]
        order = (*parent.order, *self.tick())
        self.loads[load_id] = Load(order, parent.path, parent.waiting, content=parent.content)
        parent.waiting = {}
        parent.children.append(load_id)

    def roll_back(self, load_id: UUID) -> None:
        load = self.loads[load_id]
        load.rolled_back = True
        for child in load.children:
            self.roll_back(child)
        parent = next((one for one in self.loads.values() if load_id in one.children), None)
        if parent is not None and not parent.rolled_back:
            parent.waiting = load.rows

    def loadable(self) -> set[UUID]:
        return {
            load_id for load_id, load in self.effective().items() if any(cell[0] in self.known for cell in load.waiting)
        }

    def core(self) -> dict[Cell, int]:
        owners: dict[Cell, list[Load]] = {}
        for load in sorted(self.effective().values(), key=lambda load: load.order):
            meters = {meter for meter, _ in load.rows} if load.path == REPLACING else set()
            for cell, loads in owners.items():
                if cell[0] in meters:
                    loads[:] = [one for one in loads if one.path != load.path or one.order[0] == load.order[0]]
            for cell in load.rows:
                owners.setdefault(cell, []).append(load)
        return {cell: loads[-1].rows[cell] for cell, loads in owners.items() if loads}


rows_of_a_file = st.dictionaries(
    st.tuples(st.sampled_from(METERS), st.integers(0, 1)), st.integers(0, 1), min_size=1, max_size=5
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("load"), st.sampled_from(["x.csv", "y.csv", REPLACING]), rows_of_a_file),
        st.tuples(st.just("replay"), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("replay_from_stage"), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("edit")),
        st.tuples(st.just("rollback"), st.integers(0, 9)),
        st.tuples(st.just("learn")),
        st.tuples(st.just("requeue")),
        st.tuples(st.just("purge")),
    ),
    min_size=6,
    max_size=16,
)


def late(value: int) -> tuple[object, ...]:
    """Load a reading of the meter that is unknown at first."""
    return ("load", "x.csv", {("LATE", 0): value})


class History:
    """Does to the database and to the model what an operator may do, in any order."""

    def __init__(self, pipeline: PipelineHarness) -> None:
        self.pipeline = pipeline
        self.model = Model()
        self.files: dict[str, tuple[str, Rows]] = {}
        self.has_purged = False
        self.rows_in_stage: dict[UUID, Rows] = {}
        self.stamp = "start"

    async def load(self, name: str, rows: Rows) -> None:
        """Load a new version of a file; a comment makes its bytes new."""
        version = len(self.model.loads)
        lines = [f"2025-04-30 0{hour + 5}:00,{meter},T1,{value},{version}" for (meter, hour), value in rows.items()]
        text = long_csv(*lines).replace("value", "value,comment", 1)
        self.files[name] = text, rows
        await self._run(name, None)

    async def edit(self) -> None:
        """Edit the mappings: stamps name the other end of their intervals now."""
        self.stamp = "end" if self.stamp == "start" else "start"
        write_sources(self.pipeline.settings, self.stamp)

    async def replay(self, which: int, in_place: bool) -> None:
        """Load a file that is there once more."""
        if self.files:
            name = sorted(self.files)[which % len(self.files)]
            await self._run(name, "in place" if in_place else "latest")

    async def _run(self, name: str, replay: Replay | None) -> None:
        text, rows = self.files[name]
        path = self.pipeline.put(name, text)
        for row in await self.pipeline.run(replay=replay):
            if row["status"] != "skipped":
                self._loaded(row, name, rows, replay)
        path.unlink()  # one file at a time, so that the order of loads is known

    async def replay_from_stage(self, which: int, in_place: bool) -> None:
        """Load the rows of any earlier load once more, whether it was rolled back or not."""
        if self.rows_in_stage:
            origin = sorted(self.rows_in_stage)[which % len(self.rows_in_stage)]
            replay: Replay = "in place" if in_place else "latest"
            try:
                (row,) = await self.pipeline.replay_from_stage(origin, replay)
            except TerminalError as error:
                assert self.has_purged
                assert "stage has" in str(error)  # noqa: PT017
            else:
                self._loaded(row, self.model.loads[origin].path, self.rows_in_stage[origin], replay)

    def _loaded(self, row: asyncpg.Record, path: str, rows: Rows, replay: Replay | None) -> None:
        shift = -1 if self.stamp == "end" else 0
        read = {(meter, hour + shift): value for (meter, hour), value in rows.items()}
        self.model.load(row["load_id"], path, read, row["replay_of"], in_place=replay == "in place")
        self.rows_in_stage[row["load_id"]] = rows

    async def rollback(self, which: int) -> None:
        """Roll back one of the effective loads."""
        effective = [load_id for load_id, load in self.model.loads.items() if not load.rolled_back]
        if effective:
            load_id = effective[which % len(effective)]
            try:
                await self.pipeline.rollback(load_id)
            except TerminalError as error:
                assert self.has_purged  # what a purge has deleted may be needed, and then it is said
                assert "were purged" in str(error)  # noqa: PT017
            else:
                self.model.roll_back(load_id)

    async def purge(self) -> None:
        """Purge all that may be purged, as if each file were still there."""
        now = dt.datetime.now(dt.UTC)
        loads = await find_old_loads(self.pipeline.connection, now, None, self.pipeline.settings)
        await purge_loads(self.pipeline.connection, loads, now, self.pipeline.settings, dry_run=False)
        self.has_purged = True

    async def learn(self) -> None:
        """Add the missing code to the reference tables."""
        if "LATE" not in self.model.known:
            await self.pipeline.add_meter("LATE")
            self.model.known.add("LATE")

    async def requeue(self) -> None:
        """Load what waited for the code."""
        log = await self.pipeline.requeue()
        assert {row["requeue_of"] for row in log} == self.model.loadable()
        for row in log:
            self.model.requeue(row["load_id"], row["requeue_of"])

    async def check(self) -> None:
        """Compare core with the model, and see that every reading is accounted for."""
        values = await self.pipeline.values()
        hours = {"2025-04-30 01:00": -1, "2025-04-30 02:00": 0, "2025-04-30 03:00": 1}
        found = {(meter, hours[time]): value for (meter, time, _), value in values.items()}
        expected = self.model.core()
        if self.has_purged:  # nobody knows any more who else has what a version no longer holds, or what waited
            every = self.model.loads.values()
            replayed = {load.content for load in every if load.is_replay}
            loads = [load for load in every if load.path == REPLACING or load.content in replayed]
            loads += [load for load in self.model.effective().values() if load.has_waited]
            kept = {reading for load in loads for reading in load.rows.items()}
            assert expected.keys() <= found.keys()
            assert found.items() <= expected.items() | kept
        else:
            assert found == expected
        off = await self.pipeline.connection.fetchval(
            "select count(*) from quality.quality_load_log where status in ('success', 'partial')"
            " and rows_read <> rows_loaded + rows_rejected + rows_duplicate"
        )
        assert off == 0


def write_sources(settings: Settings, stamp: str) -> None:
    (settings.sources_dir / "sources.yaml").write_text(SOURCES.format(stamp=stamp), encoding="utf-8")


IN_ORDER = "order by meter_code, time, metric, load_id"
EMPTY = """
    select format('truncate %s', string_agg(format('%I.%I', schemaname, tablename), ', ')) from pg_tables
    where schemaname in ('stage', 'quality', 'core') and tablename <> 'schema_migrations'
"""


@asynccontextmanager
async def empty_world(own: Settings) -> AsyncIterator[PipelineHarness]:
    """A pipeline that has seen nothing yet; making a database for each costs more than all that happens in it."""
    assert own.database_url
    connection = await asyncpg.connect(own.database_url.get_secret_value())
    await connection.execute("set synchronous_commit = off")
    await migrate(connection, own)
    await connection.execute(await connection.fetchval(EMPTY))
    yield PipelineHarness(connection, own)
    await connection.close()


async def live_through(own: Settings, history_of: list[tuple[object, ...]]) -> None:
    write_sources(own, "start")
    async with empty_world(own) as pipeline:
        await pipeline.add_meter("A")
        history = History(pipeline)
        shown: dict[dt.datetime, list[asyncpg.Record]] = {}
        for step, *arguments in history_of:
            await getattr(history, str(step))(*arguments)
            await history.check()
            moment = await pipeline.connection.fetchval("select clock_timestamp()")
            shown[moment] = await pipeline.connection.fetch(f"select * from core.readings {IN_ORDER}")
        for moment, readings in shown.items():
            as_of = await pipeline.connection.fetch(f"select * from core.readings_as_of($1) {IN_ORDER}", moment)
            assert as_of == readings, moment


# Hypothesis calls a test without its event loop: the database is made by a fixture, each history has a loop of its own.
def test_any_order_of_loads_reloads_rollbacks_and_requeues(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"sources_dir": tmp_path})
    is_long = hypothesis.settings.get_current_profile_name() == "fuzz"

    @hypothesis.settings(
        max_examples=1_000 if is_long else 25,
        deadline=None,
        derandomize=not is_long,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @example([late(0), ("learn",), late(1), ("requeue",)])
    @example([late(0), ("learn",), late(1), ("requeue",), late(0), ("rollback", 3)])
    # The second load finds the reading of the first in core; then a purge, and the first is rolled back.
    @example([("load", "x.csv", {("A", 0): 1}), ("load", "y.csv", {("A", 0): 1}), ("purge",), ("rollback", 0)])
    @example(
        [
            *(("load", name, {("A", 0): value}) for name, value in (("x.csv", 1), ("y.csv", 1), ("x.csv", 0))),
            *(("rollback", 0), ("purge",), ("rollback", 1)),
        ]
    )
    @example([late(0), ("learn",), ("requeue",), ("purge",), ("rollback", 1), ("requeue",)])
    # A newer version has one reading less, and is rolled back; a row of the older one waited for its code.
    @example(
        [
            *(("load", REPLACING, {("A", 0): 0, ("A", 1): 1, ("LATE", 1): 1}), ("learn",)),
            *(("load", REPLACING, {("A", 0): 0, ("LATE", 0): 1}), ("requeue",), ("rollback", 1)),
        ]
    )
    # Stage no longer knows that another file has the reading.
    @example(
        [
            *(("load", name, {("A", 0): 0, ("A", 1): 0}) for name in (REPLACING, "y.csv")),
            *(("purge",), ("load", REPLACING, {("A", 1): 1})),
        ]
    )
    # As before, and a load that stage still knows had another value.
    @example(
        [
            *(("load", "x.csv", {("A", 0): 0}), ("learn",), ("load", "x.csv", {("LATE", 0): 1, ("A", 0): 0})),
            *(("purge",), ("load", REPLACING, {("LATE", 0): 0}), ("load", REPLACING, {("LATE", 1): 0})),
        ]
    )
    # A replay has the row that waited, too.
    @example(
        [
            *(late(0), ("learn",), ("requeue",), ("replay", 0, False), ("rollback", 1), ("requeue",)),
        ]
    )
    # The mapping is edited, and the same content is read otherwise: again, from stage, as a new version of the file.
    @example([("load", "x.csv", {("A", 0): 0}), ("edit",), *([("replay", 0, False), ("edit",)] * 2)])
    @example(
        [
            ("load", REPLACING, {("A", 0): 0}),
            *(("replay_from_stage", 0, True), ("edit",), ("load", REPLACING, {("A", 0): 0})),
        ]
    )
    # What a replay found in core is restored by what another load has replaced, though stage is purged.
    @example(
        [
            *(("load", "x.csv", {("A", 0): 0}), ("replay", 0, False), ("purge",)),
            *(("load", "y.csv", {("A", 0): 1}), ("rollback", 2)),
        ]
    )
    # A row waited for its code, a replay had it and was rolled back, and another load had replaced what it had.
    @example(
        [
            *(("load", "x.csv", {("A", 0): 0, ("LATE", 0): 0}), ("learn",), ("replay", 0, True)),
            *(("load", "x.csv", {("A", 0): 1, ("LATE", 0): 1}), ("edit",), ("rollback", 1), ("replay", 0, True)),
        ]
    )
    # A replay takes out what it no longer reads: it is none that has it.
    @example(
        [
            *(("load", "x.csv", {("LATE", 0): 0}), ("learn",), ("replay", 0, True)),
            *(("load", "x.csv", {("A", 1): 0, ("LATE", 0): 1}), ("edit",), ("replay", 0, True), ("rollback", 1)),
        ]
    )
    # Nobody knows any more that a load whose rows were purged has what a replay no longer reads.
    @example(
        [
            *(("load", name, {("A", 1): 1}) for name in ("x.csv", "y.csv")),
            *(("purge",), ("edit",), ("replay", 0, False)),
        ]
    )
    # A later load finds the value of an earlier one in core: it keeps out what waited, until it is rolled back, and
    # what a replay reads in its place.
    @example(
        [
            *(late(0), late(1), ("learn",), ("replay_from_stage", 0, True), ("load", "y.csv", {("LATE", 0): 0})),
            *(("requeue",), ("rollback", 3)),
        ]
    )
    @example(
        [
            *(("load", "x.csv", {("A", 0): 0, ("A", 1): 1}), ("load", "y.csv", {("A", 0): 0})),
            *(("edit",), ("replay_from_stage", 0, True)),
        ]
    )
    # But not where a newer version of its file has come.
    @example(
        [
            *(late(0), late(1), ("learn",), ("replay_from_stage", 0, True), ("load", REPLACING, {("LATE", 0): 0})),
            *(("load", REPLACING, {("LATE", 1): 0}), ("requeue",)),
        ]
    )
    @given(steps)
    def holds(history_of: list[tuple[object, ...]]) -> None:
        asyncio.run(live_through(settings, history_of))

    holds()
