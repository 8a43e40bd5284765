{# What the hourly and the daily features of a building have in common. #}

{# The last bits of a sum of floats depend on the order in which the server adds; the rounded sum does not. #}
{% macro deterministic_sum(sum) -%}
    (round(({{ sum }}) * 1e9::double precision) / 1e9::double precision)
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

{# The columns of a district, of the rows of its buildings: sums, and means of temperatures, over those that reported. #}
{% macro sums_of_buildings() -%}
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
    count(*) filter (where readings_present > 0)::integer as buildings_reporting
{%- endmacro %}
