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
