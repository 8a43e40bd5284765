{# What the hourly and the daily features of a building have in common. #}

{# The last bits of a sum of floats depend on the order in which the server adds; the rounded sum does not. #}
{% macro deterministic_sum(sum) -%}
    (round(({{ sum }}) * 1e9::double precision) / 1e9::double precision)
{%- endmacro %}

{# Only meters of changed buildings, for the expected readings are computed for each; needs a CTE `changed_days`. #}
{% macro meters_of_changed_buildings() -%}
    select * from {{ ref('stg_core__meters') }}
    {% if only_changed_days() %}
    where building_id in (select changed_days.building_id from changed_days)
    {% endif %}
{%- endmacro %}
