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

meter_daily as (

    select * from {{ ref('stg_features__meter_daily') }}

),

expected_metrics as (

    select * from {{ ref('stg_quality__expected_metrics') }}

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
        district_id,
        local_date,
        min(ts) as ts,
        count(*)::integer as hours_expected,
        60 + (extract(epoch from max(ts) - min(ts)) / 60)::integer as minutes_expected,
        count(*) filter (where readings_present >= readings_expected)::integer as hours_complete,
        min(day_of_week) as day_of_week,
        bool_and(is_weekend) as is_weekend,
        bool_and(is_holiday) as is_holiday,
        bool_and(is_workday) as is_workday,
        min(month) as month,
        min(season) as season

    from hourly
    group by building_id, building_code, district_id, local_date

),

-- How many meters should report a metric, and how often they are read.
expected as (

    select
        meters.building_id,
        meters.kind,
        expected_metrics.metric,
        meters.interval_minutes,
        count(*) as meters_expected

    from meters
    inner join expected_metrics on meters.kind = expected_metrics.kind
    group by meters.building_id, meters.kind, expected_metrics.metric, meters.interval_minutes

),

expected_meters as (

    select
        building_id,
        kind,
        metric,
        sum(meters_expected) as meters_expected

    from expected
    group by building_id, kind, metric

),

expected_of_day as (

    select
        building_days.building_id,
        building_days.local_date,
        sum(
            expected.meters_expected * greatest(building_days.minutes_expected / expected.interval_minutes, 1)
        ) as readings_expected

    from building_days
    inner join expected on building_days.building_id = expected.building_id
    group by building_days.building_id, building_days.local_date

),

daily_metrics as (

    select
        building_days.building_id,
        building_days.local_date,
        meters.kind,
        meter_daily.metric,
        sum(meter_daily.value_sum) as value_sum,
        sum(meter_daily.value_sum * meters.interval_minutes / 60.0) as volume_sum,
        sum(meter_daily.readings) as readings_present,
        sum(meter_daily.suspect) as readings_suspect,
        count(*) filter (
            where
            meter_daily.readings >= building_days.minutes_expected / meters.interval_minutes
            and (meters.interval_minutes > 60 or meter_daily.hours = building_days.hours_expected)
        ) as meters_complete

    from building_days
    inner join meters on building_days.building_id = meters.building_id
    inner join meter_daily
        on
            meters.meter_id = meter_daily.meter_id
            and building_days.ts = meter_daily.bucket_start
    {% if only_changed_days() %}
    where {{ at_changed_days('meter_daily.bucket_start') }}
    {% endif %}
    group by building_days.building_id, building_days.local_date, meters.kind, meter_daily.metric

),

-- A day's sum is given only where every expected reading is there: a part would be taken for the whole.
complete_metrics as (

    {{ with_completeness('daily_metrics', 'expected_meters') }}

),

daily as (

    select
        building_id,
        local_date,
        {{ sums_of_metrics() }}

    from complete_metrics
    group by building_id, local_date

)

select
    building_days.ts,
    building_days.building_id,
    building_days.building_code,
    building_days.district_id,
    building_days.local_date,
    {{ measured_and_derived('daily') }},
    coalesce(expected_of_day.readings_expected, 0)::integer as readings_expected,
    daily.readings_present::integer as readings_present,
    daily.readings_suspect::integer as readings_suspect,
    building_days.hours_expected,
    building_days.hours_complete,
    building_days.day_of_week,
    building_days.is_weekend,
    building_days.is_holiday,
    building_days.is_workday,
    building_days.month,
    building_days.season

from building_days
inner join daily
    on
        building_days.building_id = daily.building_id
        and building_days.local_date = daily.local_date
left join expected_of_day
    on
        building_days.building_id = expected_of_day.building_id
        and building_days.local_date = expected_of_day.local_date
