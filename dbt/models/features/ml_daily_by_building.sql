{{
    config(
        materialized='changed_days',
        unique_key=['building_id', 'local_date'],
        indexes=[
            {'columns': ['building_id', 'local_date'], 'unique': true},
            {'columns': ['building_code', 'ts']},
            {'columns': ['local_date']},
        ],
    )
}}

with

changed_days as (

    select * from {{ ref('stg_quality__changed_days') }}

),

meters as (

    {{ meters_of_changed_buildings() }}

),

kind_metrics as (

    {{ kind_metrics() }}

),

hourly as (

    select * from {{ ref('ml_hourly_by_building') }}
    {% if only_changed_days() %}
    where
        {{ in_changed_days('local_date') }}
        and (building_id, local_date) in (
            select
                changed_days.building_id,
                changed_days.local_date
            from changed_days
        )
    {% endif %}

),

building_days as (

    select
        building_id,
        building_code,
        min(district_id) as district_id,
        local_date,
        min(ts) as ts,
        count(*) filter (where readings_present >= readings_expected)::integer as hours_complete,
        sum(readings_present) as readings_present,
        sum(readings_suspect) as readings_suspect,
        sum(readings_surplus) as readings_surplus,
        min(day_of_week) as day_of_week,
        bool_and(is_weekend) as is_weekend,
        bool_and(is_holiday) as is_holiday,
        bool_and(is_workday) as is_workday,
        min(month) as month,
        min(season) as season

    from hourly
    group by building_id, building_code, local_date

),

hours as (

    {{ hours_of('building_days') }}

),

days as (

    {{ days_of('hours') }}

),

intervals as (

    select distinct
        interval_minutes,
        since,
        until

    from meters

),

slots as (

    {{ slots_of_days() }}

),

expected as (

    select
        building_days.building_id,
        building_days.local_date,
        {{ expected_readings('slots.slots') }},
        coalesce(sum(slots.slots) filter (where kind_metrics.is_any_time and meters.interval_minutes > 60), 0)
            as slow_any_time_expected

    from building_days
    inner join meters on building_days.building_id = meters.building_id
    inner join kind_metrics on meters.kind = kind_metrics.kind
    inner join slots
        on
            building_days.local_date = slots.local_date
            and meters.interval_minutes = slots.interval_minutes
            and meters.since = slots.since
            and meters.until = slots.until
    where kind_metrics.is_expected and kind_metrics.is_on_grid
    group by building_days.building_id, building_days.local_date

),

-- What is read less often than by the hour counts in days, as does what registers tell of days and not of hours.
metered as not materialized (

    select
        meters.building_id,
        meters.meter_id,
        meters.kind,
        meters.interval_minutes,
        readings.read_at,
        days.local_date as bucket,
        readings.metric,
        readings.value,
        readings.quality,
        case when meters.interval_minutes = 1440 then days.minutes else meters.interval_minutes end as minutes,
        {{ is_slot_of_day('readings.read_at', 'days.ts', 'meters.interval_minutes') }} as is_on_grid,
        1 as slots

    from {{ ref('stg_core__readings') }} as readings
    inner join meters
        on
            readings.meter_id = meters.meter_id
            and readings.read_at >= meters.since
            and readings.read_at < meters.until
            and meters.interval_minutes > 60
    inner join days on (readings.read_at at time zone {{ local_zone() }})::date = days.local_date
    {% if only_changed_days() %}
    where {{ at_changed_days('readings.read_at') }}
    {% endif %}
    union all
    select
        {{ columns_of_steps('steps.local_date') }}

    from {{ ref('int_register_steps') }} as steps
    where steps.grain = 'day'

),

counted_slow as (

    {{ counted_readings() }}

),

-- What they should have of each quantity of which they have any.
reporting_slow as (

    select
        kind_metrics.building_id,
        kind_metrics.bucket,
        {{ expected_readings('slots.slots') }}

    from (
        select distinct
            metered.building_id,
            metered.bucket,
            metered.meter_id,
            metered.kind,
            kind_metrics.quantity,
            kind_metrics.is_any_time

        from metered
        inner join kind_metrics
            on
                metered.kind = kind_metrics.kind
                and metered.metric = kind_metrics.metric
                and metered.is_on_grid = kind_metrics.is_on_grid
        where metered.interval_minutes > 60
    ) as kind_metrics
    inner join meters
        on kind_metrics.building_id = meters.building_id and kind_metrics.meter_id = meters.meter_id
    inner join slots
        on
            kind_metrics.bucket = slots.local_date
            and meters.interval_minutes = slots.interval_minutes
            and meters.since = slots.since
            and meters.until = slots.until
    group by kind_metrics.building_id, kind_metrics.bucket

),

weighted_slow as (

    {{ weighted_by_flow() }}

),

-- Hours of the faster meters, and the day of the slower ones.
parts as (

    select
        hours.building_id,
        hours.local_date,
        {{ columns_of_counted('hours') }},
        {{ columns_of_most('hours.?_most') }},
        hours.t1_weighted,
        hours.t1_weight,
        hours.t2_weighted,
        hours.t2_weight

    from {{ ref('int_building_hours') }} as hours
    union all
    select
        counted_slow.building_id,
        counted_slow.bucket as local_date,
        {{ columns_of_counted('counted_slow') }},
        {{ columns_of_most('null::bigint') }},
        weighted_slow.t1_weighted,
        weighted_slow.t1_weight,
        weighted_slow.t2_weighted,
        weighted_slow.t2_weight

    from counted_slow
    left join weighted_slow
        on counted_slow.building_id = weighted_slow.building_id and counted_slow.bucket = weighted_slow.bucket

),

counted as (

    select
        building_id,
        local_date,
        {{ sums_of_counted() }},
        sum(t1_weighted) as t1_weighted,
        sum(t1_weight) as t1_weight,
        sum(t2_weighted) as t2_weighted,
        sum(t2_weight) as t2_weight

    from parts
    group by building_id, local_date

),

-- A day's sum is given only where every expected reading is there: a part would be taken for the whole.
measured as (

    select
        building_days.building_id,
        building_days.local_date,
        {{ measured_columns(
            'counted', 'expected',
            'coalesce(counted.?_most, 0) * days.minutes / 60 + coalesce(reporting_slow.?_expected, 0)',
            'counted.surplus_quantities'
        ) }},
        coalesce(expected.on_grid_expected, 0) + coalesce(expected.any_time_expected, 0) as readings_expected,
        building_days.readings_present
        + coalesce(counted_slow.readings_on_grid, 0)
        + least(coalesce(counted_slow.readings_any_time, 0), coalesce(expected.slow_any_time_expected, 0))
            as readings_present,
        building_days.readings_suspect + coalesce(counted_slow.readings_suspect, 0) as readings_suspect,
        building_days.readings_surplus + coalesce(counted_slow.readings_surplus, 0) as readings_surplus

    from building_days
    inner join counted
        on building_days.building_id = counted.building_id and building_days.local_date = counted.local_date
    left join expected
        on building_days.building_id = expected.building_id and building_days.local_date = expected.local_date
    inner join days on building_days.local_date = days.local_date
    left join counted_slow
        on building_days.building_id = counted_slow.building_id and building_days.local_date = counted_slow.bucket
    left join reporting_slow
        on building_days.building_id = reporting_slow.building_id and building_days.local_date = reporting_slow.bucket

)

select
    building_days.ts,
    building_days.building_id,
    building_days.building_code,
    building_days.district_id,
    building_days.local_date,
    {{ features_of('measured') }},
    days.hours as hours_expected,
    building_days.hours_complete,
    building_days.day_of_week,
    building_days.is_weekend,
    building_days.is_holiday,
    building_days.is_workday,
    building_days.month,
    building_days.season

from building_days
inner join days on building_days.local_date = days.local_date
inner join measured
    on building_days.building_id = measured.building_id and building_days.local_date = measured.local_date
