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
        {{ deterministic_sum('sum(cold_consumption_m3)') }} as cold_consumption_m3,
        {{ deterministic_sum('sum(hot_consumption_m3)') }} as hot_consumption_m3,
        {{ deterministic_sum('sum(supply_m3)') }} as supply_m3,
        {{ deterministic_sum('sum(return_m3)') }} as return_m3,
        {{ deterministic_sum('sum(loss_m3)') }} as loss_m3,
        {{ deterministic_sum('sum(heat_gcal)') }} as heat_gcal,
        {{ deterministic_sum('sum(t1_degc)') }} / count(t1_degc) as t1_degc,
        {{ deterministic_sum('sum(t2_degc)') }} / count(t2_degc) as t2_degc,
        {{ deterministic_sum('sum(delta_t)') }} / count(delta_t) as delta_t,
        {{ deterministic_sum('sum(cold_consumption_m3 - hot_consumption_m3)') }}
        / nullif({{ deterministic_sum('sum(cold_consumption_m3) filter (where hot_consumption_m3 is not null)') }}, 0)
            as hot_cold_mismatch,
        sum(readings_expected)::bigint as readings_expected,
        sum(readings_present)::bigint as readings_present,
        count(cold_consumption_m3)::integer as cold_consumption_buildings,
        count(hot_consumption_m3)::integer as hot_consumption_buildings,
        count(supply_m3)::integer as supply_buildings,
        count(return_m3)::integer as return_buildings,
        count(loss_m3)::integer as loss_buildings,
        count(heat_gcal)::integer as heat_buildings,
        count(*) filter (where readings_present > 0)::integer as buildings_reporting,
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
