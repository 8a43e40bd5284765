-- depends_on: {{ ref('stg_quality__changed_days') }}
with

readings as not materialized (

    select * from {{ ref('stg_core__readings') }}
    {% if only_changed_days() %}
    where {{ at_changed_days('read_at') }}
    {% endif %}

),

meters as (

    select * from {{ ref('int_changed_meters') }}

),

kind_metrics as (

    {{ kind_metrics() }}

),

metrics as (

    select distinct
        metric,
        bit

    from kind_metrics

),

kinds as (

    select
        kind,
        bit_or(bit) as known,
        coalesce(bit_or(bit) filter (where is_expected), 0) as expected,
        coalesce(bit_or(bit) filter (where is_any_time), 0) as any_time

    from kind_metrics
    group by kind

),

local_days as (

    {% if only_changed_days() %}
    select distinct local_date

    from {{ ref('stg_quality__changed_days') }}
    {% else %}
    select distinct (read_at at time zone {{ local_zone() }})::date as local_date

    from readings
    {% endif %}

),

quarters as (

    {{ quarters_of('local_days') }}

),

days as (

    select
        local_date,
        min(starts_at) as day_start,
        15 * count(*)::integer as minutes

    from quarters
    group by local_date

),

-- One pass over the readings. What is asked of a meter, or of a time, is asked of a quarter as many rows.
instants as (

    select
        readings.meter_id,
        readings.read_at,
        {{ each_metric('max(readings.value) filter (where metrics.bit = <bit>) as <column>') }},
        max(readings.value) filter (where metrics.metric = 'consumption_cumulative') as register_m3,
        max(readings.value) filter (where metrics.metric = 'heat_energy_cumulative') as register_gcal,
        coalesce(bit_or(metrics.bit), 0) as metrics,
        count(*) filter (where readings.quality = 1) as readings_suspect

    from readings
    left join metrics on readings.metric = metrics.metric
    {% if only_changed_days() %}
    where readings.meter_id in (select meters.meter_id from meters)
    {% endif %}
    group by readings.meter_id, readings.read_at

),

placed as (

    select
        meters.building_id,
        meters.since,
        meters.kind,
        meters.interval_minutes,
        quarters.ts,
        quarters.local_date,
        case when meters.interval_minutes = 1440 then days.minutes else meters.interval_minutes end as minutes,
        instants.*,
        {{ is_on_grid(
            'quarters.clock + (instants.read_at - quarters.starts_at)', 'instants.read_at = days.day_start',
            'meters.interval_minutes'
        ) }} as is_on_grid

    from instants
    inner join meters
        on
            instants.meter_id = meters.meter_id
            and instants.read_at >= meters.since
            and instants.read_at < meters.until
    inner join quarters on {{ quarter_of('instants.read_at') }} = quarters.starts_at
    inner join days on quarters.local_date = days.local_date

),

counted as (

    select
        placed.*,
        case when placed.is_on_grid then kinds.known else kinds.any_time end & placed.metrics as counted_metrics,
        case when placed.is_on_grid then 0 else kinds.known & ~kinds.any_time & placed.metrics end as surplus_metrics,
        kinds.expected & ~kinds.any_time as expected_on_grid,
        kinds.expected & kinds.any_time as expected_any_time

    from placed
    left join kinds on placed.kind = kinds.kind
    -- Without a limit every column below would compute these again.
    offset 0  -- noqa: AM09

)

select
    building_id,
    meter_id,
    since,
    kind,
    interval_minutes,
    read_at,
    ts,
    local_date,
    minutes,
    {{ each_metric('case when counted_metrics & <bit> <> 0 then <column> end as <column>') }},
    register_m3,
    register_gcal,
    metrics,
    counted_metrics,
    {{ quantities_of('surplus_metrics') }} as surplus_quantities,
    {{ count_of('surplus_metrics') }} as readings_surplus,
    {{ count_of('counted_metrics & expected_on_grid') }} as readings_on_grid,
    {{ count_of('counted_metrics & expected_any_time') }} as readings_any_time,
    readings_suspect

from counted
