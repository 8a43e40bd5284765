"""Look-alikes of real suppliers' files, each read by one YAML: `cases.md` beside them says what they give."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.settings import PROJECT_ROOT
from tests.harness import PipelineHarness
from tests.integration.test_suppliers import load

CASES = PROJECT_ROOT.parent / "shared" / "cases"
pytestmark = [pytest.mark.files, pytest.mark.skipif(not CASES.exists(), reason=f"there is no {CASES}")]

Values = dict[tuple[str, str, str], float]
SHEET = "layout: day-sheet\nidentity: {meter: M}\n"
CONSUMPTION = 'columns: {"V, м3": {metric: consumption_period}}\n'
WHERE_HOT = 'where: {Тип: "ГВС*"}'


def hours(meter: str, metric: str, first: str, *values: float, minutes: int = 60) -> Values:
    """Return readings one interval after another, from a time in UTC on."""
    day, clock = first.split(" ")
    start = int(clock[:2]) * 60 + int(clock[3:])
    found: Values = {}
    for number, value in enumerate(values):
        days, minute = divmod(start + number * minutes, 1440)
        time = f"{day[:8]}{int(day[8:]) + days:02d} {minute // 60:02d}:{minute % 60:02d}"
        found[meter, time, metric] = value
    return found


@pytest.mark.parametrize(
    ("file", "mapping", "expected"),
    [
        pytest.param(
            "b6-date-once-a-day/b6.xlsx",
            f"{SHEET}date: Дата\nhour: Час\nfill_down: [Дата]\n{CONSUMPTION}",
            hours("M", "consumption_period", "2025-03-31 21:00", 1, 2)
            | hours("M", "consumption_period", "2025-04-01 21:00", 4, 5),
            id="b6",
        ),
        pytest.param(
            "c7-heat-meter-report/c7.xlsx",
            "layout: day-sheet\nidentity: {meter: {cell: C7}}\ntimestamp: Время\nstamp: end\n"
            'columns: {"t1 °C": {metric: T1}, "t2 °C": {metric: T2}, "V1 м³": {metric: flow_supply, unit: м3}, '
            '"V2 м³": {metric: flow_return, unit: м3}, "M1 т": {metric: mass_supply}}',
            None,
            id="c7",
        ),
        pytest.param(
            "d1-wide-24-hours/d1.csv",
            "layout: day-sheet\ndate: Date\nidentity: {meter: {column: ID}}\nvalue: {metric: consumption_period}\n"
            "intervals: {headings: '(?P<start>\\d\\d:\\d\\d)'}",
            hours("W-1", "consumption_period", "2025-03-31 21:00", 0, 1, 2)
            | hours("W-1", "consumption_period", "2025-04-01 00:00", *range(3, 24))
            | hours("W-1", "consumption_period", "2025-04-01 21:00", *range(24, 48)),
            id="d1",
        ),
        pytest.param(
            "d1d-meter-a-row-day-a-column/d1d.csv",
            "layout: day-sheet\nidentity: {meter: {column: Прибор}}\ninterval_minutes: 1440\n"
            "value: {metric: consumption_cumulative}\nintervals: {headings: '(?P<date>\\d\\d\\.\\d\\d\\.\\d{4})'}",
            {
                ("W-1", "2025-03-31 21:00", "consumption_cumulative"): 100.5,
                ("W-1", "2025-04-01 21:00", "consumption_cumulative"): 101.5,
                ("W-1", "2025-04-02 21:00", "consumption_cumulative"): 103,
                ("W-2", "2025-03-31 21:00", "consumption_cumulative"): 200,
                ("W-2", "2025-04-01 21:00", "consumption_cumulative"): 201,
                ("W-2", "2025-04-02 21:00", "consumption_cumulative"): 203.25,
            },
            id="d1d",
        ),
        pytest.param(
            "d2-meter-a-column/d2.csv",
            'layout: day-sheet\ntimestamp: Date-time\nempty_cells: skip\nidentity: {meter: "DMA-{dma}"}\n'
            "columns: {'DMA (?P<dma>\\S+) \\(L/s\\)': {metric: flow_supply, unit: L/s}}",
            hours("DMA-A", "flow_supply", "2025-03-31 21:00", 13.32, 12.6)
            | {("DMA-B", "2025-03-31 22:00", "flow_supply"): 29.7},
            id="d2",
        ),
        pytest.param(
            "d3-supplier-words-for-metrics/d3.csv",
            "layout: long\ntimestamp: Дата\nvalue: Значение\nunit: Ед\nidentity: {meter: {column: Счётчик}}\n"
            "metric: {column: Канал, words: {V1: {metric: flow_supply, unit: м3}, T1: T1}}",
            {("W-1", "2025-03-31 21:00", "flow_supply"): 1.5, ("W-1", "2025-03-31 21:00", "T1"): 70.5},
            id="d3",
        ),
        pytest.param(
            "d5-no-time-in-the-table/показания_2025-04-01.csv",
            "layout: day-sheet\nidentity: {meter: {column: Зав. №}}\n"
            "date: {file_name: '(?P<year>\\d{4})-(?P<month>\\d\\d)-(?P<day>\\d\\d)'}\n"
            'columns: {"V, м3": {metric: consumption_cumulative}}',
            {
                ("20133674", "2025-03-31 21:00", "consumption_cumulative"): 12.5,
                ("20133393", "2025-03-31 21:00", "consumption_cumulative"): 8.25,
            },
            id="d5-name",
        ),
        pytest.param(
            "d5-no-time-in-the-table/d5.xlsx",
            "layout: day-sheet\nidentity: {meter: {column: Зав. №}}\n"
            "date: {cell: A1, pattern: '(?P<day>\\d\\d)\\.(?P<month>\\d\\d)\\.(?P<year>\\d{4})'}\n"
            'columns: {"V, м3": {metric: consumption_cumulative}}',
            {("20133674", "2025-03-31 21:00", "consumption_cumulative"): 12.5},
            id="d5-cell",
        ),
        pytest.param(
            "d6-no-header/d6.csv",
            "layout: day-sheet\nheader: none\ntimestamp: A\ndates: epoch-seconds\nidentity: {meter: M}\n"
            "columns: {B: {metric: consumption_period}}",
            hours("M", "consumption_period", "2025-03-31 21:00", 7.2, 7.1),
            id="d6",
        ),
        pytest.param(
            "d7-interval-data-records/d7.csv",
            'layout: day-sheet\nheader: none\nwhere: {A: "300"}\ndate: B\ndates: "%Y%m%d"\n'
            "intervals: {first: C, count: 48}\ninterval_minutes: 30\nvalue: {metric: consumption_period}\n"
            'identity: {meter: {column: B, of: {A: "200"}}}',
            hours("W-1", "consumption_period", "2025-03-31 21:00", *[1.25] * 6, minutes=30)
            | hours("W-1", "consumption_period", "2025-04-01 00:00", *[1.25] * 42, minutes=30)
            | hours("W-2", "consumption_period", "2025-03-31 21:00", *[2.5] * 6, minutes=30)
            | hours("W-2", "consumption_period", "2025-04-01 00:00", *[2.5] * 42, minutes=30),
            id="d7",
        ),
        pytest.param(
            "d9-unit-and-interval-in-columns/d9.csv",
            "layout: day-sheet\ntimestamp: start\nunit: unit\ninterval: resolution\n"
            "identity: {meter: {column: meter}}\n"
            "columns: {amount: {metric: consumption_period}}",
            hours("W-1", "consumption_period", "2025-04-01 00:00", 0.735, 0.144),
            id="d9",
        ),
        pytest.param(
            "d10-period-words/d10.xlsx",
            f"{SHEET}timestamp: Период\n{CONSUMPTION}",
            {
                ("M", "2025-03-31 21:00", "consumption_period"): 75,
                ("M", "2025-04-30 21:00", "consumption_period"): 345,
            },
            id="d10",
        ),
        pytest.param(
            "d15-clock-changes-in-order/d15.csv",
            f"{SHEET}timestamp: t\ntime_zone: Europe/Berlin\nambiguous_hours: in-order\n"
            "columns: {v: {metric: consumption_period}}",
            hours("M", "consumption_period", "2025-10-25 23:00", 1, 2)
            | hours("M", "consumption_period", "2025-10-26 01:00", 3, 4),
            id="d15",
        ),
        pytest.param(
            "d16-kind-of-resource-in-a-column/Дом 1 202504.xlsx",
            f"layout: day-sheet\nidentity: {{meter: {{column: Номер}}}}\n{WHERE_HOT}\ntables:\n"
            "  - timestamp: Предыдущие показания Дата\n"
            '    columns: {"Предыдущие показания Показание": {metric: consumption_cumulative}}\n'
            "  - timestamp: Текущие показания Дата\n"
            '    columns: {"Текущие показания Показание": {metric: consumption_cumulative}}\n',
            {
                ("3300001", "2025-03-19 21:00", "consumption_cumulative"): 101,
                ("3300001", "2025-04-19 21:00", "consumption_cumulative"): 104.5,
            },
            id="d16",
        ),
    ],
)
async def test_case_gives_its_readings(
    pipeline: PipelineHarness, tmp_path: Path, file: str, mapping: str, expected: Values | None
) -> None:
    source = CASES / file
    wanted = expected or (
        hours("00123456", "T1", "2025-03-31 21:00", 70.1, 70.2)
        | hours("00123456", "T2", "2025-03-31 21:00", 50.1, 50.2)
        | hours("00123456", "flow_supply", "2025-03-31 21:00", 1.5, 1.6)
        | hours("00123456", "flow_return", "2025-03-31 21:00", 1.4, 1.5)
    )
    meters = sorted({meter for meter, _, _ in wanted})

    await load(
        pipeline,
        tmp_path,
        mapping,
        source.read_bytes(),
        *meters,
        "4400001",
        name=source.name,
        match='["*"]\nexclude: [x.x]',
    )

    found = await pipeline.values()
    assert {key: value for key, value in found.items() if expected or key[2] != "mass_supply"} == pytest.approx(wanted)
    assert await pipeline.errors() == [] or "d3" in file


async def test_status_column_says_what_readings_are_worth(pipeline: PipelineHarness, tmp_path: Path) -> None:
    mapping = (
        f"{SHEET}timestamp: t\n{CONSUMPTION}"
        "status: {column: Качество, words: {Измерено: valid, Расчёт: suspect, Авария: rejected}}"
    )

    await load(pipeline, tmp_path, mapping, (CASES / "d8-status-column" / "d8.csv").read_bytes(), "M", name="x.csv")

    rows = await pipeline.connection.fetch("select value, quality from core.readings order by time")
    errors = [(error["reason"], error["severity"]) for error in await pipeline.errors()]
    assert list(map(tuple, rows)) == [(1, 0), (2, 1)]
    assert sorted(errors) == [("rejected_status", "rejected"), ("suspect_status", "suspect")]


@pytest.mark.parametrize(
    ("dates", "read"),
    [
        ("", [3, 4, 10, 11, 12, 13, 14, 15, 16]),
        ("day-first", [1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16]),
        ("month-first", [4, 5, 6, 7, 13, 15, 16]),
        ("epoch-seconds", [8, 15]),
        ("epoch-milliseconds", [9, 15]),
        ('"%d/%m/%Y %H:%M"', [1, 15]),
    ],
)
async def test_dates_are_read_as_the_mapping_says_and_without_a_key_where_they_can_only_mean_one(
    pipeline: PipelineHarness, tmp_path: Path, dates: str, read: list[int]
) -> None:
    key = f"dates: {dates}\n" if dates else ""
    mapping = (
        f"layout: day-sheet\ntimestamp: t\n{key}identity: {{meter: {{column: m}}}}\ncolumns: {{v: {{metric: T1}}}}"
    )
    rows = [line.split(";") for line in (CASES / "b1-dates" / "b1.csv").read_text(encoding="utf-8").splitlines()[1:]]
    # All are of one moment: a meter each.
    content = "\n".join(["t;m;v", *(f"{text};M{number};60" for text, number, _ in rows), ""])
    others = {5: "2025-04-12 21:00", 6: "2025-04-12 21:00", 7: "2025-04-13 10:00", 12: "2025-04-12 21:00"}
    others |= {13: "2025-04-13 01:00"}

    await load(pipeline, tmp_path, mapping, content.encode(), *(f"M{number}" for _, number, _ in rows), name="x.csv")

    found = {int(meter[1:]): time for meter, time, _ in await pipeline.values()}
    assert found == {number: others.get(number, "2025-04-12 22:00") for number in read}
