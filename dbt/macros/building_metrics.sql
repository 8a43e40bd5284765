{# What the hourly and the daily features of a building have in common. #}

{# The last bits of a sum of floats depend on the order in which the server adds; the rounded sum does not. #}
{% macro deterministic_sum(sum) -%}
    (round(({{ sum }}) * 1e9::double precision) / 1e9::double precision)
{%- endmacro %}

{#
    Meters of changed buildings while they were there, for the expected readings are computed for each. What began before
    the changed days, or ends after them, has no bound: so most meters have the same. Needs a CTE `changed_days`.
#}
{% macro meters_of_changed_buildings() -%}
    select
        meter_id,
        kind,
        interval_minutes,
        building_id,
        {{ since_in_changed_days() }} as since,
        {{ until_in_changed_days() }} as until,
        register_digits,
        register_step

    from {{ ref('stg_core__meters') }}
    {% if only_changed_days() %}
    where
        building_id in (select changed_days.building_id from changed_days)
        and {{ is_in_changed_days() }}
    {% endif %}
{%- endmacro %}

{% macro since_in_changed_days() -%}
    {% if only_changed_days() -%}
    case when since > {{ midnight_of(first_day()) }} then since else '-infinity' end
    {%- else -%}
    coalesce(since, '-infinity')
    {%- endif %}
{%- endmacro %}

{% macro until_in_changed_days() -%}
    {% if only_changed_days() -%}
    case when until < {{ midnight_of("(" ~ last_day() ~ " + 1)") }} then until else 'infinity' end
    {%- else -%}
    coalesce(until, 'infinity')
    {%- endif %}
{%- endmacro %}

{% macro is_in_changed_days() -%}
    (since < {{ midnight_of("(" ~ last_day() ~ " + 1)") }} and until > {{ midnight_of(first_day()) }})
{%- endmacro %}

{#
    The spans of time in which a building, or a district, has the same meters: [since, until). `placements`: a CTE with
    since and until; `key`: its column that names the building or the district.
#}
{% macro spans_of(placements, key) -%}
    select
        {{ key }},
        since,
        lead(since, 1, 'infinity') over (partition by {{ key }} order by since) as until

    from (
        select
            {{ key }},
            since

        from {{ placements }}
        union distinct
        select
            {{ key }},
            until

        from {{ placements }}
        where until < 'infinity'
    ) as bounds
{%- endmacro %}
