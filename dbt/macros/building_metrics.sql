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

{#
    Metrics per building and kind of meter, with `is_complete`: every meter that should report the metric did so in
    full. `metrics` has meters_complete, `expected` meters_expected; both have building_id, kind and metric.
#}
{% macro with_completeness(metrics, expected) -%}
    select
        {{ metrics }}.*,
        {{ metrics }}.meters_complete >= coalesce({{ expected }}.meters_expected, 0) as is_complete

    from {{ metrics }}
    left join {{ expected }}
        on
            {{ metrics }}.building_id = {{ expected }}.building_id
            and {{ metrics }}.kind = {{ expected }}.kind
            and {{ metrics }}.metric = {{ expected }}.metric
{%- endmacro %}

{% macro sum_of_complete(column, kind, metric) -%}
    {{ deterministic_sum(
        "sum(" ~ column ~ ") filter (where kind = '" ~ kind ~ "' and metric = '" ~ metric ~ "' and is_complete)"
    ) }}
{%- endmacro %}

{% macro mean_of(kind, metric) -%}
    {{ deterministic_sum("sum(value_sum) filter (where kind = '" ~ kind ~ "' and metric = '" ~ metric ~ "')") }}
    / sum(readings_present) filter (where kind = '{{ kind }}' and metric = '{{ metric }}')
{%- endmacro %}

{# The measured columns of a building's hour or day, one row of each metric in, one row out: to be grouped. #}
{% macro sums_of_metrics() -%}
    {{ sum_of_complete('value_sum', 'cold_water', 'consumption_period') }} as cold_consumption_m3,
    {{ sum_of_complete('value_sum', 'hot_water', 'consumption_period') }} as hot_consumption_m3,
    {{ sum_of_complete('volume_sum', 'hot_water', 'flow_supply') }} as supply_m3,
    {{ sum_of_complete('volume_sum', 'hot_water', 'flow_return') }} as return_m3,
    {{ mean_of('hot_water', 'T1') }} as t1_degc,
    {{ mean_of('hot_water', 'T2') }} as t2_degc,
    sum(readings_present) as readings_present,
    sum(readings_suspect) as readings_suspect
{%- endmacro %}

{# The measured columns of `sums`, the result of sums_of_metrics, and what follows from them. #}
{% macro measured_and_derived(sums) -%}
    {{ sums }}.cold_consumption_m3::double precision as cold_consumption_m3,
    {{ sums }}.hot_consumption_m3::double precision as hot_consumption_m3,
    {{ sums }}.supply_m3::double precision as supply_m3,
    {{ sums }}.return_m3::double precision as return_m3,
    {{ deterministic_sum(sums ~ '.supply_m3 - ' ~ sums ~ '.return_m3 - ' ~ sums ~ '.hot_consumption_m3') }}
    ::double precision as loss_m3,
    {{ sums }}.t1_degc::double precision as t1_degc,
    {{ sums }}.t2_degc::double precision as t2_degc,
    {{ deterministic_sum(sums ~ '.t1_degc - ' ~ sums ~ '.t2_degc') }}::double precision as delta_t,
    (
        ({{ sums }}.cold_consumption_m3 - {{ sums }}.hot_consumption_m3) / nullif({{ sums }}.cold_consumption_m3, 0)
    )::double precision as hot_cold_mismatch
{%- endmacro %}
