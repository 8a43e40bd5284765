{{
    config(
        materialized='changed_days',
        unique_key=['building_id', 'local_date'],
        indexes=[
            {'columns': ['building_id', 'ts'], 'unique': true},
            {'columns': ['building_code', 'ts']},
            {'columns': ['ts']},
            {'columns': ['local_date'], 'type': 'brin'},
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

counted as not materialized (

    select * from {{ ref('int_building_hours') }}

),

holidays as (

    select * from {{ ref('public_holidays') }}

),

working_weekends as (

    select * from {{ ref('working_weekends') }}

),

-- A building-day is here if the building has any reading on it.
building_days as (

    select
        counted.building_id,
        counted.local_date,
        max(counted.ts) as last_hour,
        {{ most_readings('counted') }}

    from counted
    {% if only_changed_days() %}
    inner join changed_days
        on counted.building_id = changed_days.building_id and counted.local_date = changed_days.local_date
    where {{ in_changed_days('counted.local_date') }}
    {% endif %}
    group by counted.building_id, counted.local_date

),

buildings as (

    select * from {{ ref('stg_core__buildings') }}

),

spans as (

    {{ spans_of('meters', 'building_id') }}

),

hours as (

    {{ hours_of('building_days') }}

),

-- What describes a time is made once for all buildings.
described_hours as materialized (

    select
        hours.local_date,
        hours.ts,
        hours.minutes,
        {{ hour_of('hours.ts') }} as hour,
        {{ day_attributes('hours.local_date') }},
        {{ day_or_night(hour_of('hours.ts')) }} as day_night

    from hours
    left join holidays on hours.local_date = holidays.holiday_date
    left join working_weekends on hours.local_date = working_weekends.working_date

),

hour_lengths as (

    select distinct minutes from hours

),

-- A meter that is read less often than by the hour tells nothing of an hour: its quantity is not known.
expected as (

    select
        spans.building_id,
        spans.since,
        spans.until,
        hour_lengths.minutes,
        {{ expected_readings(
            'case when meters.interval_minutes <= 60 then hour_lengths.minutes / meters.interval_minutes else 0 end'
        ) }},
        coalesce(bit_or(1 << kind_metrics.quantity) filter (where meters.interval_minutes > 60), 0) as slow_quantities

    from spans
    inner join meters
        on spans.building_id = meters.building_id and spans.since >= meters.since and spans.since < meters.until
    inner join kind_metrics on meters.kind = kind_metrics.kind
    cross join hour_lengths
    where kind_metrics.is_expected
    group by spans.building_id, spans.since, spans.until, hour_lengths.minutes

),

-- A sum is given only where every expected reading of the hour is there: a part would be taken for the whole. Hours
-- that have not begun are no gap, and have no row.
measured as (

    select
        building_days.building_id,
        hours.*,
        {{ measured_columns(
            'counted', 'expected', 'building_days.?_most * hours.minutes / 60',
            'coalesce(counted.surplus_quantities, 0) | coalesce(expected.slow_quantities, 0)'
        ) }},
        coalesce(expected.on_grid_expected, 0) + coalesce(expected.any_time_expected, 0) as readings_expected,
        coalesce(counted.readings_on_grid, 0)
        + least(coalesce(counted.readings_any_time, 0), coalesce(expected.any_time_expected, 0)) as readings_present,
        coalesce(counted.readings_suspect, 0) as readings_suspect,
        coalesce(counted.readings_surplus, 0) as readings_surplus

    from building_days
    inner join described_hours as hours
        on building_days.local_date = hours.local_date and hours.ts <= greatest(building_days.last_hour, now())
    left join expected
        on
            building_days.building_id = expected.building_id
            and hours.minutes = expected.minutes
            and hours.ts >= expected.since
            and hours.ts < expected.until
    left join counted on building_days.building_id = counted.building_id and hours.ts = counted.ts
    -- Without a limit every column that follows from these would compute them again.
    offset 0  -- noqa: AM09

)

select
    measured.ts,
    measured.building_id::bigint as building_id,
    buildings.building_code::text as building_code,
    buildings.district_id::text as district_id,
    measured.local_date,
    {{ features_of('measured') }},
    measured.hour,
    measured.day_of_week,
    measured.is_weekend,
    measured.is_holiday,
    measured.is_workday,
    measured.month,
    measured.season,
    measured.day_night

from measured
inner join buildings
    on
        measured.building_id = buildings.building_id
        and measured.ts >= buildings.since
        and measured.ts < buildings.until
