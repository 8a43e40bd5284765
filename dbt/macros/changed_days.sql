{#
    Bounds on the windows of changed days, as constants, so that only their partitions and index ranges are read,
    however far apart the windows are. DATAOPS_CHANGED_DAYS holds `first:last` pairs; without it all days count.
    It is read only while SQL runs: dbt parses a file again whenever a variable that it read while parsing has changed.
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

{% macro at_changed_days(ts, and_days_after=0) -%}
    {% set windows = changed_windows() %}
    {% if windows %}
    (
        {% for window in windows %}
        {{ ts }} >= {{ midnight_of("'" ~ window.split(":")[0] ~ "'::date") }}
        and {{ ts }} < {{ midnight_of("('" ~ window.split(":")[1] ~ "'::date + " ~ (1 + and_days_after) ~ ")") }}
        {{ "or" if not loop.last }}
        {% endfor %}
    )
    {% else %}
    true
    {% endif %}
{%- endmacro %}

{#
    What a data test reads of its model: with `where: in_changed_days(local_date)` in its config, which means the
    macro above because yml files cannot call macros, the changed days only. The others were tested when they changed.
#}
{% macro get_where_subquery(relation) -%}
    {% if config.get("where") == "in_changed_days(local_date)" %}
        {{ return("(select * from " ~ relation ~ " where " ~ in_changed_days("local_date") ~ ") as changed") }}
    {% else %}
        {{ return(dbt.default__get_where_subquery(relation)) }}
    {% endif %}
{%- endmacro %}

{#
    The incremental strategy `changed_days`: all rows of the changed building-days are deleted, then the new ones are
    inserted. Days that lost their readings (a load was rolled back) disappear too, so the features equal those of a
    full build, whatever the order of loads.
#}
{% macro get_incremental_changed_days_sql(arg_dict) %}
    {% set keys = arg_dict["unique_key"] | join(", ") %}
    delete from {{ arg_dict["target_relation"] }}
    where
        {{ in_changed_days("local_date") }}
        and ({{ keys }}) in (select {{ keys }} from {{ ref("stg_quality__changed_days") }});

    {{ get_insert_into_sql(arg_dict["target_relation"], arg_dict["temp_relation"], arg_dict["dest_columns"]) }}
{% endmacro %}
