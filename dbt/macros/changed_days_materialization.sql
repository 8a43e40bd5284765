{#
    A table that the transform fills: all rows of the changed building-days (the keys are the model's unique_key) are
    deleted and what the model selects is inserted, all models in one transaction. Days that lost their readings (a load
    was rolled back) disappear too, so the features equal those of a full build, whatever the order of loads.
    dbt keeps the table as the contract has it, and never fills or drops it: readers always have the last features.
#}
{% materialization changed_days, adapter='postgres' %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks) }}

    {% call statement('main') -%}
        {{ get_assert_columns_equivalent(sql) }}
        {% if existing_relation is none %}
        create table {{ target_relation }} {{ get_table_columns_and_constraints() }}
        {% else %}
        {{ changed_columns(target_relation) }}
        {% endif %}
    {%- endcall %}

    {% call statement('indexes', fetch_result=true) -%}
        select indexname from pg_indexes where schemaname = '{{ this.schema }}' and tablename = '{{ this.identifier }}'
    {%- endcall %}
    {%- set wanted = {} -%}
    {% for index in config.get('indexes', default=[]) %}
        {%- set kinds = ['key'] * index.get('unique', 0) + [index.type] * ('type' in index) -%}
        {%- do wanted.update({([this.identifier] + index.columns + kinds) | join('_'): index}) -%}
    {% endfor %}
    {% for row in load_result('indexes').table if row['indexname'] not in wanted %}
        {% call statement('drop_index') -%} drop index "{{ this.schema }}"."{{ row['indexname'] }}" {%- endcall %}
    {% endfor %}
    {% for name, index in wanted.items() %}
        {% call statement('create_index') -%}
        create {{ 'unique' if index.unique }} index if not exists {{ name }}
        on {{ target_relation }} using {{ index.get('type', 'btree') }} ({{ index.columns | join(', ') }})
        {%- endcall %}
    {% endfor %}

    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}

    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{# Brings the columns of a table of an older version to the contract's; the next transform fills those that are new. #}
{% macro changed_columns(relation) -%}
    {%- set found = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do found.update({column.name: column.data_type}) -%}
    {%- endfor -%}
    {%- for name in found if name not in model.columns %}
    alter table {{ relation }} drop column "{{ name }}";
    {%- endfor %}
    {%- for name, column in model.columns.items() %}
        {%- if name not in found %}
    alter table {{ relation }} add column "{{ name }}" {{ column.data_type }};
        {%- endif %}
    {%- endfor %}
    select
{%- endmacro %}
