{{
    config(
        materialized='changed_days',
        unique_key=['building_id', 'local_date'],
        indexes=[
            {'columns': ['building_id', 'ts'], 'unique': true},
            {'columns': ['building_code', 'ts']},
            {'columns': ['ts']},
            {'columns': ['local_date']},
        ],
    )
}}

with

changed_days as (

    select * from {{ ref('stg_quality__changed_days') }}

),

meters as (

    select * from {{ ref('int_changed_meters') }}

),

kind_metrics as (

    {{ kind_metrics() }}

),

hourly as (

    select * from {{ ref('ml_hourly_by_building') }}
    {% if only_changed_days() %}
    where
        {{ at_changed_days('ts') }}
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
        {{ sums_of_parts() }},
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
    where kind_metrics.is_expected
    group by building_days.building_id, building_days.local_date

),

-- What is read less often than by the hour counts in days, as does what registers tell of days and not of hours.
instants as (

    {{ instants_and_steps('day', 'local_date') }}

),

counted_slow as (

    select
        instants.building_id,
        instants.local_date,
        {{ sums_of_instants() }}

    from instants
    group by instants.building_id, instants.local_date

),

-- What they should have of each quantity of which they have any.
sent_slow as (

    select
        building_id,
        meter_id,
        local_date,
        bit_or(metrics) as metrics

    from (
        select
            building_id,
            meter_id,
            local_date,
            counted_metrics as metrics

        from {{ ref('int_meter_instants') }}
        where interval_minutes > 60
        union distinct
        select
            steps.building_id,
            steps.meter_id,
            steps.local_date,
            kind_metrics.bit as metrics

        from {{ ref('int_register_steps') }} as steps
        inner join kind_metrics on steps.kind = kind_metrics.kind and steps.metric = kind_metrics.metric
        where steps.interval_minutes > 60 and steps.grain = 'day'
    ) as sent
    group by building_id, meter_id, local_date

),

reporting_slow as (

    select
        sent_slow.building_id,
        sent_slow.local_date,
        {{ expected_readings('slots.slots') }}

    from sent_slow
    inner join meters on sent_slow.building_id = meters.building_id and sent_slow.meter_id = meters.meter_id
    inner join kind_metrics on meters.kind = kind_metrics.kind and sent_slow.metrics & kind_metrics.bit <> 0
    inner join slots
        on
            sent_slow.local_date = slots.local_date
            and meters.interval_minutes = slots.interval_minutes
            and meters.since = slots.since
            and meters.until = slots.until
    group by sent_slow.building_id, sent_slow.local_date

),

-- Hours of the faster meters, and the day of the slower ones.
parts as (

    select
        hours.building_id,
        hours.local_date,
        true as is_hour,
        {{ columns_of_sums('hours') }}

    from {{ ref('int_building_hours') }} as hours
    union all
    select
        counted_slow.building_id,
        counted_slow.local_date,
        false as is_hour,
        {{ columns_of_sums('counted_slow') }}

    from counted_slow

),

counted as (

    select
        building_id,
        local_date,
        {{ sums_of_sums() }}

    from parts
    group by building_id, local_date

),

-- Of each kind of meter the registers with which the day begins, if all of its meters told them.
registers as (

    select
        meters.building_id,
        days.local_date,
        {{ registers_of_kinds('meters.kind', 'instants') }}

    from days
    inner join meters on days.begins_at >= meters.since and days.begins_at < meters.until
    left join {{ ref('int_meter_instants') }} as instants
        on meters.meter_id = instants.meter_id and days.begins_at = instants.read_at
    group by meters.building_id, days.local_date

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
        on building_days.building_id = counted_slow.building_id and building_days.local_date = counted_slow.local_date
    left join reporting_slow
        on
            building_days.building_id = reporting_slow.building_id
            and building_days.local_date = reporting_slow.local_date

)

select
    building_days.ts,
    building_days.building_id,
    building_days.building_code,
    building_days.district_id,
    building_days.local_date,
    {{ features_of('measured') }},
    {{ parts_of('building_days', 'days') }},
    {{ deterministic_sum('registers.cold_register_start_m3') }} as cold_register_start_m3,
    {{ deterministic_sum('registers.hot_register_start_m3') }} as hot_register_start_m3,
    {{ deterministic_sum('registers.heat_register_start_gcal') }} as heat_register_start_gcal,
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
left join registers
    on building_days.building_id = registers.building_id and building_days.local_date = registers.local_date
