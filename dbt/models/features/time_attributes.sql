{{ config(materialized='table', indexes=[{'columns': ['ts'], 'unique': true}]) }}

with

span as (

    select
        min(ts) as first_ts,
        max(ts) as last_ts

    from {{ ref('ml_hourly_by_building') }}

),

holidays as (

    select * from {{ ref('public_holidays') }}

),

hours as (

    select
        series.ts,
        (series.ts at time zone {{ local_zone() }})::date as local_date

    from span
    cross join lateral generate_series(span.first_ts, span.last_ts, interval '1 hour') as series (ts)

)

select
    hours.ts,
    hours.local_date,
    {{ hour_of('hours.ts') }} as hour,
    {{ day_attributes('hours.local_date') }},
    {{ day_or_night(hour_of('hours.ts')) }} as day_night

from hours
left join holidays on hours.local_date = holidays.holiday_date
