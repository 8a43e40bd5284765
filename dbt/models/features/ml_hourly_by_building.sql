{{
    config(
        materialized='changed_days',
        unique_key=['building_id', 'local_date'],
        indexes=[
            {'columns': ['building_id', 'local_date']},
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

    {{ meters_of_changed_buildings() }}

),

meter_hourly as (

    select * from {{ ref('stg_features__meter_hourly') }}

),

meter_daily as (

    select * from {{ ref('stg_features__meter_daily') }}

),

expected_metrics as (

    select * from {{ ref('stg_quality__expected_metrics') }}

),

holidays as (

    select * from {{ ref('public_holidays') }}

),

working_weekends as (

    select * from {{ ref('working_weekends') }}

),

-- A building-day is here if the building has any reading on it.
building_days as (

    select distinct
        meters.building_id,
        (meter_daily.bucket_start at time zone {{ local_zone() }})::date as local_date

    from meter_daily
    inner join meters on meter_daily.meter_id = meters.meter_id
    {% if only_changed_days() %}
    inner join changed_days
        on
            meters.building_id = changed_days.building_id
            and {{ midnight_of('changed_days.local_date') }} = meter_daily.bucket_start
    where {{ at_changed_days('meter_daily.bucket_start') }}
    {% endif %}

),

-- With the readings that an hour of the building should hold.
buildings as (

    select
        meters.building_id,
        meters.building_code,
        meters.district_id,
        sum(60 / meters.interval_minutes) filter (
            where meters.interval_minutes <= 60 and expected_metrics.metric is not null
        ) as readings_expected

    from meters
    left join expected_metrics on meters.kind = expected_metrics.kind
    group by meters.building_id, meters.building_code, meters.district_id

),

hours as (

    {{ hours_of('building_days') }}

),

building_hours as (

    select
        building_days.building_id,
        building_days.local_date,
        hours.ts

    from building_days
    inner join hours on building_days.local_date = hours.local_date

),

-- Meters that should report a metric. One that is read less often than by the hour tells nothing of an hour: where one
-- counts, the hour's sum is not known.
expected as (

    select
        meters.building_id,
        meters.kind,
        expected_metrics.metric,
        count(*) as meters_expected

    from meters
    inner join expected_metrics on meters.kind = expected_metrics.kind
    group by meters.building_id, meters.kind, expected_metrics.metric

),

-- All hours of the changed buildings in the changed windows; which of them count, building_hours says. Joined to the
-- days here, the planner would expect a single row of a million.
hourly_metrics as (

    select
        meters.building_id,
        meter_hourly.bucket_start as ts,
        meters.kind,
        meter_hourly.metric,
        sum(meter_hourly.value_sum) as value_sum,
        sum(meter_hourly.value_sum * meters.interval_minutes / 60.0) as volume_sum,
        sum(meter_hourly.readings) as readings_present,
        sum(meter_hourly.suspect) as readings_suspect,
        count(*) filter (where meter_hourly.readings >= 60 / meters.interval_minutes) as meters_complete

    from meter_hourly
    inner join meters
        on
            meter_hourly.meter_id = meters.meter_id
            and meters.interval_minutes <= 60
    {% if only_changed_days() %}
    where {{ at_changed_days('meter_hourly.bucket_start') }}
    {% endif %}
    group by meters.building_id, ts, meters.kind, meter_hourly.metric

),

-- A sum is given only where every expected reading of the hour is there: a part would be taken for the whole.
complete_metrics as (

    {{ with_completeness('hourly_metrics', 'expected') }}

),

hourly as (

    select
        building_id,
        ts,
        {{ sums_of_metrics() }}

    from complete_metrics
    group by building_id, ts

)

select
    building_hours.ts,
    building_hours.building_id::bigint as building_id,
    buildings.building_code::text as building_code,
    buildings.district_id::text as district_id,
    building_hours.local_date,
    {{ measured_and_derived('hourly') }},
    coalesce(buildings.readings_expected, 0)::integer as readings_expected,
    coalesce(hourly.readings_present, 0)::integer as readings_present,
    coalesce(hourly.readings_suspect, 0)::integer as readings_suspect,
    {{ hour_of('building_hours.ts') }} as hour,
    {{ day_attributes('building_hours.local_date') }},
    {{ day_or_night(hour_of('building_hours.ts')) }} as day_night

from building_hours
inner join buildings on building_hours.building_id = buildings.building_id
left join hourly on building_hours.building_id = hourly.building_id and building_hours.ts = hourly.ts
left join holidays on building_hours.local_date = holidays.holiday_date
left join working_weekends on building_hours.local_date = working_weekends.working_date
