{{
    config(
        materialized='changed_days',
        unique_key=['local_date'],
        indexes=[
            {'columns': ['ts'], 'unique': true},
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
    where {{ at_changed_days('ts') }}
    {% endif %}

),

holidays as (

    select * from {{ ref('public_holidays') }}

),

working_weekends as (

    select * from {{ ref('working_weekends') }}

),

local_days as (

    select
        local_date,
        max(ts) as last_hour
    from hourly
    {% if only_changed_days() %}
    where local_date in (select changed_days.local_date from changed_days)
    {% endif %}
    group by local_date

),

hours as (

    {{ hours_of('local_days') }}

)

select
    hours.ts,
    hours.local_date,
    {{ hour_of('hours.ts') }} as hour,
    {{ day_attributes('hours.local_date') }},
    {{ day_or_night(hour_of('hours.ts')) }} as day_night

from hours
inner join local_days on hours.local_date = local_days.local_date and hours.ts <= local_days.last_hour
left join holidays on hours.local_date = holidays.holiday_date
left join working_weekends on hours.local_date = working_weekends.working_date
