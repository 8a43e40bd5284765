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

hourly as (

    select * from {{ ref('ml_hourly_by_building') }}
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

buildings as (

    select distinct
        building_id,
        district_id,
        {{ since_in_changed_days() }} as since,
        {{ until_in_changed_days() }} as until

    from {{ ref('stg_core__meters') }}
    {% if only_changed_days() %}
    where
        district_id in (select changed_days.district_id from changed_days)
        and {{ is_in_changed_days() }}
    {% endif %}

),

spans as (

    {{ spans_of('buildings', 'district_id') }}

),

-- Buildings with meters, whether they report or not.
districts as (

    select
        spans.district_id,
        spans.since,
        spans.until,
        count(distinct buildings.building_id)::integer as buildings_expected

    from spans
    inner join buildings
        on
            spans.district_id = buildings.district_id
            and spans.since >= buildings.since
            and spans.since < buildings.until
    group by spans.district_id, spans.since, spans.until

),

-- Sums are over the buildings that reported: of a thousand buildings one is always silent.
district_hours as (

    select
        district_id,
        local_date,
        ts,
        {{ sums_of_buildings() }},
        min(hour) as hour,
        min(day_of_week) as day_of_week,
        bool_and(is_weekend) as is_weekend,
        bool_and(is_holiday) as is_holiday,
        bool_and(is_workday) as is_workday,
        min(month) as month,
        min(season) as season,
        min(day_night) as day_night

    from hourly
    group by district_id, local_date, ts

)

select
    district_hours.ts,
    district_hours.district_id,
    district_hours.local_date,
    district_hours.cold_consumption_m3,
    district_hours.cold_consumption_buildings,
    district_hours.hot_consumption_m3,
    district_hours.hot_consumption_buildings,
    district_hours.supply_m3,
    district_hours.supply_buildings,
    district_hours.return_m3,
    district_hours.return_buildings,
    district_hours.loss_m3,
    district_hours.loss_buildings,
    district_hours.heat_gcal,
    district_hours.heat_buildings,
    district_hours.t1_degc,
    district_hours.t2_degc,
    district_hours.delta_t,
    district_hours.hot_cold_mismatch,
    district_hours.readings_expected,
    district_hours.readings_present,
    coalesce(districts.buildings_expected, 0) as buildings_expected,
    district_hours.buildings_reporting,
    district_hours.hour,
    district_hours.day_of_week,
    district_hours.is_weekend,
    district_hours.is_holiday,
    district_hours.is_workday,
    district_hours.month,
    district_hours.season,
    district_hours.day_night

from district_hours
left join districts
    on
        district_hours.district_id = districts.district_id
        and district_hours.ts >= districts.since
        and district_hours.ts < districts.until
