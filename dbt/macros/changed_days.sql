{#
    Bounds on the windows of changed days, as constants, so that only their partitions and index ranges are read,
    however far apart the windows are. DATAOPS_CHANGED_DAYS holds `first:last` pairs; without it all days count.
    It is not asked for while dbt parses: what a parse has asked for is parsed anew whenever it changes.
#}
{% macro changed_windows() -%}
    {{ return(env_var("DATAOPS_CHANGED_DAYS", "").split() if execute else []) }}
{%- endmacro %}

{% macro in_changed_days(local_date) -%}
    {% set windows = changed_windows() %}
    {% if windows %}
    (
        {% for window in windows %}
        {{ local_date }} between '{{ window.split(":")[0] }}'::date and '{{ window.split(":")[1] }}'::date
        {{ "or" if not loop.last }}
        {% endfor %}
    )
    {% else %}
    true
    {% endif %}
{%- endmacro %}

{% macro at_changed_days(moment, and_days_after=0) -%}
    {% set windows = changed_windows() %}
    {% if windows %}
    (
        {% for window in windows %}
        {{ moment }} >= {{ midnight_of("'" ~ window.split(":")[0] ~ "'::date") }}
        and {{ moment }} < {{ midnight_of("('" ~ window.split(":")[1] ~ "'::date + " ~ (1 + and_days_after) ~ ")") }}
        {{ "or" if not loop.last }}
        {% endfor %}
    )
    {% else %}
    true
    {% endif %}
{%- endmacro %}

{#
    The incremental strategy `changed_days`: what stood for the changed days goes, also where nothing comes in its
    place (a load was rolled back), so that the features are those of a full build, whatever the order of loads.
#}
{% macro get_incremental_changed_days_sql(arg_dict) %}
    {% set keys = arg_dict["unique_key"] | join(", ") %}
    delete from {{ arg_dict["target_relation"] }}
    where
        {{ in_changed_days("local_date") }}
        and ({{ keys }}) in (select {{ keys }} from {{ ref("stg_quality__changed_days") }});

    {{ get_insert_into_sql(arg_dict["target_relation"], arg_dict["temp_relation"], arg_dict["dest_columns"]) }}
{% endmacro %}

{# A sum that is the same whatever order the server added in: the last bits of a float's sum are not. #}
{% macro settled(sum) -%}
    (round(({{ sum }}) * 1e9::double precision) / 1e9::double precision)
{%- endmacro %}
