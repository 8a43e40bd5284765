{#
    The building-days to (re)make: those that a load changed, or all there are on the first build.
    Expects the CTEs changed_days, readings and meters.
#}
{% macro building_days() %}
    {% if is_incremental() %}
    select distinct
        building_id,
        local_date
    from changed_days
    {% else %}
    select
        spans.building_id,
        days.local_date::date as local_date
    from (
        select
            meters.building_id,
            min(readings.read_at at time zone {{ local_zone() }})::date as first_date,
            max(readings.read_at at time zone {{ local_zone() }})::date as last_date
        from readings
        inner join meters on readings.meter_id = meters.meter_id
        group by meters.building_id
    ) as spans
    cross join lateral generate_series(
        spans.first_date::timestamp, spans.last_date::timestamp, interval '1 day'
    ) as days (local_date)
    {% endif %}
{% endmacro %}

{# Bounds as constants, so that only the partitions of the changed days are read. #}
{% macro within_changed_days(moment) -%}
    {% if is_incremental() and env_var("DATAOPS_FIRST_DAY", "") %}
    {{ moment }} >= {{ midnight_of("date '" ~ env_var("DATAOPS_FIRST_DAY") ~ "'") }}
    and {{ moment }} < {{ midnight_of("(date '" ~ env_var("DATAOPS_LAST_DAY") ~ "' + 1)") }}
    {% else %}
    true
    {% endif %}
{%- endmacro %}
