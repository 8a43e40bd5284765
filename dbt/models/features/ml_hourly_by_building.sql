{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['building_id', 'local_date'],
        on_schema_change='append_new_columns',
        indexes=[
            {'columns': ['building_id', 'local_date']},
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

    select * from {{ ref('stg_core__meters') }}

),

readings as (

    select * from {{ ref('stg_core__readings') }}

),

expected_metrics as (

    select * from {{ ref('expected_metrics') }}

),

holidays as (

    select * from {{ ref('public_holidays') }}

),

building_days as (

    {{ building_days() }}

),

buildings as (

    select distinct
        building_id,
        building_code,
        district_id

    from meters

),

-- A local day has 23 or 25 hours when clocks change.
building_hours as (

    select
        building_days.building_id,
        building_days.local_date,
        hours.ts

    from building_days
    cross join lateral generate_series(
        {{ midnight_of('building_days.local_date') }},
        {{ midnight_of('(building_days.local_date + 1)') }} - interval '1 second',
        interval '1 hour'
    ) as hours (ts)

),

-- Readings that an hour should hold, by kind of meter and metric.
expected as (

    select
        meters.building_id,
        meters.kind,
        expected_metrics.metric,
        sum(greatest(60 / meters.interval_minutes, 1))::integer as expected_count

    from meters
    inner join expected_metrics on meters.kind = expected_metrics.kind
    group by meters.building_id, meters.kind, expected_metrics.metric

),

expected_of_building as (

    select
        building_id,
        sum(expected_count)::integer as readings_expected

    from expected
    group by building_id

),

hourly_metrics as (

    select
        meters.building_id,
        {{ local_hour_start('readings.read_at') }} as ts,
        meters.kind,
        readings.metric,
        sum(readings.value) as value_sum,
        sum(readings.value * meters.interval_minutes / 60.0) as volume_sum,
        avg(readings.value) as value_mean,
        count(*)::integer as present_count,
        count(*) filter (where readings.quality = 1)::integer as suspect_count

    from building_days
    inner join meters on building_days.building_id = meters.building_id
    inner join readings
        on
            meters.meter_id = readings.meter_id
            and readings.read_at >= {{ midnight_of('building_days.local_date') }}
            and readings.read_at < {{ midnight_of('(building_days.local_date + 1)') }}
    where {{ within_changed_days('readings.read_at') }}
    group by meters.building_id, ts, meters.kind, readings.metric

),

-- A sum stands only where every expected reading of the hour is there: a part would pass for the whole.
complete_metrics as (

    select
        hourly_metrics.*,
        hourly_metrics.present_count >= coalesce(expected.expected_count, 0) as is_complete

    from hourly_metrics
    left join expected
        on
            hourly_metrics.building_id = expected.building_id
            and hourly_metrics.kind = expected.kind
            and hourly_metrics.metric = expected.metric

),

hourly as (

    select
        building_id,
        ts,
        sum(value_sum) filter (
            where kind = 'cold_water' and metric = 'consumption_period' and is_complete
        ) as cold_consumption_m3,
        sum(value_sum) filter (
            where kind = 'hot_water' and metric = 'consumption_period' and is_complete
        ) as hot_consumption_m3,
        sum(volume_sum) filter (where kind = 'hot_water' and metric = 'flow_supply' and is_complete) as supply_m3,
        sum(volume_sum) filter (where kind = 'hot_water' and metric = 'flow_return' and is_complete) as return_m3,
        avg(value_mean) filter (where kind = 'hot_water' and metric = 'T1') as t1_degc,
        avg(value_mean) filter (where kind = 'hot_water' and metric = 'T2') as t2_degc,
        sum(present_count)::integer as readings_present,
        sum(suspect_count)::integer as readings_suspect

    from complete_metrics
    group by building_id, ts

)

select
    building_hours.ts,
    building_hours.building_id::bigint as building_id,
    buildings.building_code::text as building_code,
    buildings.district_id::text as district_id,
    building_hours.local_date,
    hourly.cold_consumption_m3::double precision as cold_consumption_m3,
    hourly.hot_consumption_m3::double precision as hot_consumption_m3,
    hourly.supply_m3::double precision as supply_m3,
    hourly.return_m3::double precision as return_m3,
    (hourly.supply_m3 - hourly.return_m3 - hourly.hot_consumption_m3)::double precision as loss_m3,
    hourly.t1_degc::double precision as t1_degc,
    hourly.t2_degc::double precision as t2_degc,
    (hourly.t1_degc - hourly.t2_degc)::double precision as delta_t,
    ((hourly.cold_consumption_m3 - hourly.hot_consumption_m3) / nullif(hourly.cold_consumption_m3, 0))::double precision
        as hot_cold_mismatch,
    coalesce(expected_of_building.readings_expected, 0)::integer as readings_expected,
    coalesce(hourly.readings_present, 0)::integer as readings_present,
    coalesce(hourly.readings_suspect, 0)::integer as readings_suspect,
    {{ hour_of('building_hours.ts') }} as hour,
    {{ day_attributes('building_hours.local_date') }},
    {{ day_or_night(hour_of('building_hours.ts')) }} as day_night

from building_hours
inner join buildings on building_hours.building_id = buildings.building_id
left join expected_of_building on building_hours.building_id = expected_of_building.building_id
left join hourly on building_hours.building_id = hourly.building_id and building_hours.ts = hourly.ts
left join holidays on building_hours.local_date = holidays.holiday_date
