{{
    config(
        materialized='changed_days',
        unique_key=['district_id', 'local_date'],
        indexes=[
            {'columns': ['district_id', 'local_date']},
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
        {{ in_changed_days('local_date') }}
        and (district_id, local_date) in (
            select
                changed_days.district_id,
                changed_days.local_date
            from changed_days
        )
    {% endif %}

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
        {{ deterministic_sum('sum(t1_degc)') }} / count(t1_degc) as t1_degc,
        {{ deterministic_sum('sum(t2_degc)') }} / count(t2_degc) as t2_degc,
        {{ deterministic_sum('sum(delta_t)') }} / count(delta_t) as delta_t,
        {{ deterministic_sum('sum(cold_consumption_m3 - hot_consumption_m3)') }}
        / nullif({{ deterministic_sum('sum(cold_consumption_m3) filter (where hot_consumption_m3 is not null)') }}, 0)
            as hot_cold_mismatch,
        sum(readings_expected)::bigint as readings_expected,
        sum(readings_present)::bigint as readings_present,
        count(*)::integer as buildings_expected,
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
    ts,
    district_id,
    local_date,
    cold_consumption_m3,
    hot_consumption_m3,
    supply_m3,
    return_m3,
    loss_m3,
    t1_degc,
    t2_degc,
    delta_t,
    hot_cold_mismatch,
    readings_expected,
    readings_present,
    buildings_expected,
    buildings_reporting,
    hour,
    day_of_week,
    is_weekend,
    is_holiday,
    is_workday,
    month,
    season,
    day_night

from district_hours
