{{
    config(
        materialized='changed_days',
        unique_key=['district_id', 'local_date'],
        indexes=[
            {'columns': ['district_id', 'ts'], 'unique': true},
            {'columns': ['ts']},
        ],
    )
}}

with

changed_days as (

    select * from {{ ref('stg_quality__changed_days') }}

),

daily as (

    select * from {{ ref('ml_daily_by_building') }}
    {% if only_changed_days() %}
    where
        {{ at_changed_days('ts') }}
        and (district_id, local_date) in (
            select
                changed_days.district_id,
                changed_days.local_date
            from changed_days
        )
    {% endif %}

),

local_days as (

    select distinct local_date from daily

),

hours as (

    {{ hours_of('local_days') }}

),

days as (

    {{ days_of('hours') }}

),

-- Buildings with meters at any time of the day, whether they report or not.
districts as (

    select
        meters.district_id,
        days.local_date,
        count(distinct meters.building_id)::integer as buildings_expected

    from days
    inner join {{ ref('stg_core__meters') }} as meters
        on
            days.day_end > coalesce(meters.since, '-infinity')
            and days.begins_at < coalesce(meters.until, 'infinity')
    group by meters.district_id, days.local_date

),

-- Sums are over the buildings that reported: of a thousand buildings one is always silent.
district_days as (

    select
        district_id,
        local_date,
        ts,
        {{ sums_of_buildings() }},
        {{ sums_of_parts_of_buildings() }},
        min(day_of_week) as day_of_week,
        bool_and(is_weekend) as is_weekend,
        bool_and(is_holiday) as is_holiday,
        bool_and(is_workday) as is_workday,
        min(month) as month,
        min(season) as season

    from daily
    group by district_id, local_date, ts

)

select
    district_days.ts,
    district_days.district_id,
    district_days.local_date,
    district_days.cold_consumption_m3,
    district_days.cold_consumption_buildings,
    district_days.hot_consumption_m3,
    district_days.hot_consumption_buildings,
    district_days.supply_m3,
    district_days.supply_buildings,
    district_days.return_m3,
    district_days.return_buildings,
    district_days.loss_m3,
    district_days.loss_buildings,
    district_days.heat_gcal,
    district_days.heat_buildings,
    district_days.t1_degc,
    district_days.t2_degc,
    district_days.delta_t,
    district_days.hot_cold_mismatch,
    district_days.cold_day_m3,
    district_days.cold_night_m3,
    district_days.hot_day_m3,
    district_days.hot_night_m3,
    district_days.supply_day_m3,
    district_days.supply_night_m3,
    district_days.return_day_m3,
    district_days.return_night_m3,
    district_days.heat_day_gcal,
    district_days.heat_night_gcal,
    district_days.readings_expected,
    district_days.readings_present,
    coalesce(districts.buildings_expected, 0) as buildings_expected,
    district_days.buildings_reporting,
    district_days.day_of_week,
    district_days.is_weekend,
    district_days.is_holiday,
    district_days.is_workday,
    district_days.month,
    district_days.season

from district_days
left join districts
    on district_days.district_id = districts.district_id and district_days.local_date = districts.local_date
