{#
    Bounds on the local days that a statement is about, so that only their partitions and index ranges are read. The
    transform compiles the models with the names of two parameters here, and binds a window of changed days to them;
    wherever else SQL runs all days count. They are read only while SQL is made: dbt parses a file again whenever a
    variable that it read while parsing has changed.
#}
{% macro only_changed_days() -%}
    {{ return(execute and env_var("DATAOPS_FIRST_DAY", "") != "") }}
{%- endmacro %}

{% macro first_day() -%}
    {{ env_var("DATAOPS_FIRST_DAY", "'-infinity'") if execute else "'-infinity'" }}::date
{%- endmacro %}

{% macro last_day() -%}
    {{ env_var("DATAOPS_LAST_DAY", "'infinity'") if execute else "'infinity'" }}::date
{%- endmacro %}

{% macro in_changed_days(local_date) -%}
    ({{ local_date }} between {{ first_day() }} and {{ last_day() }})
{%- endmacro %}

{% macro at_changed_days(ts, and_days_after=0) -%}
    (
        {{ ts }} >= {{ midnight_of(first_day()) }}
        and {{ ts }} < {{ midnight_of("(" ~ last_day() ~ " + " ~ (1 + and_days_after) ~ ")") }}
    )
{%- endmacro %}

{#
    What a data test reads of its model: with `where: at_changed_days(ts)` in its config, which means the macro above
    because yml files cannot call macros, the changed days only. The others were tested when they changed.
#}
{% macro get_where_subquery(relation) -%}
    {% if config.get("where") == "at_changed_days(ts)" %}
        {{ return("(select * from " ~ relation ~ " where " ~ at_changed_days("ts") ~ ") as changed") }}
    {% else %}
        {{ return(dbt.default__get_where_subquery(relation)) }}
    {% endif %}
{%- endmacro %}
