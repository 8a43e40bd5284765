{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['building_id', 'local_date'],
        on_schema_change='append_new_columns',
        indexes=[
            {'columns': ['building_id', 'local_date'], 'unique': true},
            {'columns': ['local_date']},
        ],
    )
}}

with

changed_days as (

    select * from {{ ref('stg_quality__changed_days') }}

),

hourly as (

    select * from {{ ref('ml_hourly_by_building') }}
    {% if is_incremental() %}
    where (building_id, local_date) in (
        select
            changed_days.building_id,
            changed_days.local_date
        from changed_days
    )
    {% endif %}

),

-- A day's sum stands only where every hour has its value: a part would pass for the whole.
daily as (

    select
        building_id,
        building_code,
        district_id,
        local_date,
        min(ts) as ts,
        case when count(cold_consumption_m3) = count(*) then sum(cold_consumption_m3) end as cold_consumption_m3,
        case when count(hot_consumption_m3) = count(*) then sum(hot_consumption_m3) end as hot_consumption_m3,
        case when count(supply_m3) = count(*) then sum(supply_m3) end as supply_m3,
        case when count(return_m3) = count(*) then sum(return_m3) end as return_m3,
        avg(t1_degc) as t1_degc,
        avg(t2_degc) as t2_degc,
        sum(readings_expected)::integer as readings_expected,
        sum(readings_present)::integer as readings_present,
        sum(readings_suspect)::integer as readings_suspect,
        count(*)::integer as hours_expected,
        count(*) filter (where readings_present >= readings_expected)::integer as hours_complete,
        min(day_of_week) as day_of_week,
        bool_and(is_weekend) as is_weekend,
        bool_and(is_holiday) as is_holiday,
        min(month) as month,
        min(season) as season

    from hourly
    group by building_id, building_code, district_id, local_date

)

select
    ts,
    building_id,
    building_code,
    district_id,
    local_date,
    cold_consumption_m3,
    hot_consumption_m3,
    supply_m3,
    return_m3,
    supply_m3 - return_m3 - hot_consumption_m3 as loss_m3,
    t1_degc,
    t2_degc,
    t1_degc - t2_degc as delta_t,
    (cold_consumption_m3 - hot_consumption_m3) / nullif(cold_consumption_m3, 0) as hot_cold_mismatch,
    readings_expected,
    readings_present,
    readings_suspect,
    hours_expected,
    hours_complete,
    day_of_week,
    is_weekend,
    is_holiday,
    month,
    season

from daily
