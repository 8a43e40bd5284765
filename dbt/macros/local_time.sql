{# Hours and days are those of the utility's zone, whatever zone the session has. #}

{% macro local_zone() -%}
    '{{ env_var("DEFAULT_TZ", "Europe/Moscow") }}'
{%- endmacro %}

{% macro midnight_of(local_date) -%}
    {{ env_var("QUALITY_SCHEMA", "quality") }}.local_midnight({{ local_date }}, {{ local_zone() }})
{%- endmacro %}

{#
    The quarters of an hour of local days, each with the hour `ts` that it counts in and the time by the clock on the wall:
    no zone is off by less than a quarter, so that a reading's quarter says all that its zone does. `days`: a CTE with
    local_date.
#}
{% macro quarters_of(days) -%}
    select
        local_date,
        starts_at,
        date_trunc('hour', starts_at, {{ local_zone() }}) as ts,
        starts_at at time zone {{ local_zone() }} as clock

    from (
        select
            midnights.local_date,
            midnights.ends_at,
            midnights.starts_at + numbers.number * interval '15 minutes' as starts_at

        from (
            select distinct
                local_date,
                {{ midnight_of('local_date') }} as starts_at,
                {{ midnight_of('(local_date + 1)') }} as ends_at

            from {{ days }}
        ) as midnights
        -- The longest day has 26 hours. Of a series with bounds that it sees the planner knows how long it is.
        cross join generate_series(0, 103) as numbers (number)
    ) as quarters
    where starts_at < ends_at
{%- endmacro %}

{# The quarter that a time is in. #}
{% macro quarter_of(ts) -%}
    date_bin('15 minutes', {{ ts }}, '2000-01-01 00:00+00')
{%- endmacro %}

{#
    When the hours of local days begin, by the clock on the wall, and how long they are: a day with a clock change has 23 or
    25, and where clocks change by half an hour, one of its hours is shorter, and may begin at another instant than the
    whole hour `ts` that it counts as. `days`: a CTE with local_date.
#}
{% macro hours_of(days) -%}
    select
        local_date,
        ts,
        min(starts_at) as begins_at,
        15 * count(*)::integer as minutes

    from ({{ quarters_of(days) }}) as quarters
    group by local_date, ts
{%- endmacro %}

{# When local days begin and end, their minutes and hours. `hours`: a CTE as above. #}
{% macro days_of(hours) -%}
    select
        local_date,
        min(ts) as ts,
        min(begins_at) as begins_at,
        max(begins_at + minutes * interval '1 minute') as day_end,
        sum(minutes)::integer as minutes,
        count(*)::integer as hours,
        count(*) filter (where {{ day_or_night(hour_of('ts')) }} = 'day')::integer as day_hours

    from {{ hours }}
    group by local_date
{%- endmacro %}

{#
    How often a meter is read on a day while it is there, by the clock on the wall. Needs CTEs `hours` and `days` as above,
    and `intervals`: interval_minutes, since, until.
#}
{% macro slots_of_days() -%}
    select
        days.local_date,
        intervals.interval_minutes,
        intervals.since,
        intervals.until,
        sum(
            case
                when intervals.interval_minutes <= 60 then hours.minutes / intervals.interval_minutes
                else {{ is_on_grid(
                    'hours.ts at time zone ' ~ local_zone(), 'hours.ts = days.ts', 'intervals.interval_minutes'
                ) }}::integer
            end
        ) as slots

    from days
    inner join hours on days.local_date = hours.local_date
    inner join intervals on hours.ts >= intervals.since and hours.ts < intervals.until
    group by days.local_date, intervals.interval_minutes, intervals.since, intervals.until
{%- endmacro %}

{#
    Whether a meter's interval begins at a time by the clock on the wall. Intervals are part of an hour, whose minutes are
    those of the clock, or of a day. A day begins with one also where its midnight comes never, and a whole day is one
    also where midnight comes twice.
#}
{% macro is_on_grid(clock, is_day_start, interval_minutes) -%}
    (
        ({{ interval_minutes }} > 60 and {{ is_day_start }})
        or (
            {{ interval_minutes }} < 1440
            and date_bin({{ interval_minutes }} * interval '1 minute', {{ clock }}, '2000-01-01') = {{ clock }}
        )
    )
{%- endmacro %}

{# The columns that describe a local day; expects left joins of the holidays and of `working_weekends`. #}
{% macro day_attributes(local_date) %}
    extract(isodow from {{ local_date }})::integer as day_of_week,
    extract(isodow from {{ local_date }}) in (6, 7) as is_weekend,
    holidays.holiday_date is not null as is_holiday,
    holidays.holiday_date is null
    and (extract(isodow from {{ local_date }}) not in (6, 7) or working_weekends.working_date is not null)
        as is_workday,
    extract(month from {{ local_date }})::integer as month,
    case
        when extract(month from {{ local_date }}) in (12, 1, 2) then 'winter'
        when extract(month from {{ local_date }}) in (3, 4, 5) then 'spring'
        when extract(month from {{ local_date }}) in (6, 7, 8) then 'summer'
        else 'autumn'
    end as season
{%- endmacro %}

{% macro hour_of(ts) -%}
    extract(hour from {{ ts }} at time zone {{ local_zone() }})::integer
{%- endmacro %}

{# DAY_START…DAY_END is the day; a day that starts later than it ends runs over midnight. #}
{% macro day_or_night(hour) -%}
    {% set start = env_var("DAY_START", "7") | int %}
    {% set end = env_var("DAY_END", "22") | int %}
    case
        when {{ hour }} >= {{ start }} {{ "and" if start <= end else "or" }} {{ hour }} < {{ end }} then 'day'
        else 'night'
    end
{%- endmacro %}
