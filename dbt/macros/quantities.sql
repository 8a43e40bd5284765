{#
    What the features of a building are measured in, a line each: name, number, the kinds of meters and the metric that it is
    read from, and how its readings make one value: their sum, the volume that flows make, or the mean over time. A text,
    because macros return nothing else to sqlfluff.
#}
{% macro quantities() %}
    cold                1   cold_water                  consumption_period  sum
    hot                 2   hot_water                   consumption_period  sum
    supply              3   hot_water                   flow_supply         volume
    return              4   hot_water                   flow_return         volume
    t1                  5   hot_water                   T1                  mean
    t2                  6   hot_water                   T2                  mean
    heat                7   heat                        heat_energy         sum
    heat_mass_supply    8   heat                        mass_supply         sum
    heat_mass_return    9   heat                        mass_return         sum
    heat_volume_supply  10  heat                        volume_supply       sum
    heat_volume_return  11  heat                        volume_return       sum
    heat_flow_supply    12  heat                        flow_supply         volume
    heat_flow_return    13  heat                        flow_return         volume
    heat_t1             14  heat                        T1                  mean
    heat_t2             15  heat                        T2                  mean
    pump                16  cold_water,hot_water,heat   pump_runtime_hours  sum
{% endmacro %}

{#
    The metrics that quantities are read from, a line each: metric, column, bit. Other metrics that meters are expected to
    report have the bits after these.
#}
{% macro measured_metrics() %}
    {%- set found = namespace(metrics=[]) -%}
    {%- for quantity in quantities().strip().splitlines() if quantity.split()[3] not in found.metrics %}
    {%- set metric = quantity.split()[3] %}
    {{ metric }} {{ metric | lower }} {{ 2 ** (found.metrics | length) }}
    {%- set found.metrics = found.metrics + [metric] %}
    {%- endfor %}
{% endmacro %}

{# A column for each of them, as `column` says, with <metric>, <column> and <bit> in it. #}
{% macro each_metric(column) -%}
    {%- for line in measured_metrics().strip().splitlines() %}
    {%- set metric, name, bit = line.split() %}
    {{ column.replace('<metric>', metric).replace('<column>', name).replace('<bit>', bit) }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro kinds_of_quantities() -%}
    select * from (
        values
        {%- for quantity in quantities().strip().splitlines() %}{% set last = loop.last %}
        {%- set name, number, kinds, metric, how = quantity.split() %}
        {%- for kind in kinds.split(',') %}
        ('{{ kind }}', '{{ metric }}', {{ number }}){{ "," if not (last and loop.last) }}
        {%- endfor %}{% endfor %}
    ) as quantities (kind, metric, quantity)
{%- endmacro %}

{#
    What a reading counts as, by the kind of its meter and its metric, and which registers tell of the same. `bit`: of the
    metric, so that the metrics of a time are one number; the server refuses more of them than a number has.
#}
{% macro kind_metrics() -%}
    select
        coalesce(quantities.kind, expected.kind) as kind,
        coalesce(quantities.metric, expected.metric) as metric,
        quantities.quantity,
        expected.metric is not null as is_expected,
        coalesce(metrics.metric_kind in ('register', 'instantaneous'), false) as is_any_time,
        coalesce(
            measured.bit,
            {{ 2 ** (measured_metrics().strip().splitlines() | length - 1) }}
            * (2 ^ dense_rank() over (order by measured.bit is not null, coalesce(quantities.metric, expected.metric)))::bigint
        ) as bit

    from (
        select
            of_quantities.kind,
            of_quantities.metric,
            of_quantities.quantity

        from ({{ kinds_of_quantities() }}) as of_quantities
        union all
        select
            of_quantities.kind,
            registers.metric,
            null as quantity

        from ({{ kinds_of_quantities() }}) as of_quantities
        inner join {{ ref('stg_quality__metrics') }} as registers on of_quantities.metric = registers.register_of
    ) as quantities
    full join {{ ref('stg_quality__expected_metrics') }} as expected
        on quantities.kind = expected.kind and quantities.metric = expected.metric
    left join (
        values
        {%- for line in measured_metrics().strip().splitlines() %}
        {%- set metric, name, bit = line.split() %}
        ('{{ metric }}', {{ bit }}::bigint){{ "," if not loop.last }}
        {%- endfor %}
    ) as measured (metric, bit) on coalesce(quantities.metric, expected.metric) = measured.metric
    left join {{ ref('stg_quality__metrics') }} as metrics
        on coalesce(quantities.metric, expected.metric) = metrics.metric
{%- endmacro %}

{# How many metrics are in a set of them. #}
{% macro count_of(metrics) -%}
    bit_count(({{ metrics }})::bit(64))::integer
{%- endmacro %}

{# The set of the quantities that a set of metrics makes, by the `kind` of meter. #}
{% macro quantities_of(metrics) -%}
    case
        when {{ metrics }} = 0 then 0
        else
            {%- for quantity in quantities().strip().splitlines() %}{% set last = loop.last %}
            {%- set name, number, kinds, metric, how = quantity.split() %}
            {%- for line in measured_metrics().strip().splitlines() if line.split()[0] == metric %}
            case when kind in {{ quoted(kinds) }} and {{ metrics }} & {{ line.split()[2] }} <> 0 then {{ 2 ** (number | int) }} else 0 end
            {{- " |" if not last }}
            {%- endfor %}{% endfor %}
    end
{%- endmacro %}

{% macro quoted(names) -%}
    ('{{ names.split(",") | join("', '") }}')
{%- endmacro %}

{#
    What counts in an hour, or of meters that are read less often in a day: the times of meters as int_meter_instants has
    them, and the steps of registers, which stand for the readings that a meter did not send. A time without a kind counts
    for nothing: the hour is here in which a meter is read once a day. Needs a CTE `kind_metrics`.
#}
{% macro instants_and_steps(grain, buckets) -%}
    select
        building_id,
        {{ buckets }},
        {{ 'case when interval_minutes <= 60 then kind end' if grain == 'hour' else 'kind' }} as kind,
        minutes,
        1 as slots,
        {{ each_metric('<column>') }},
        surplus_quantities,
        readings_surplus,
        readings_on_grid,
        readings_any_time,
        readings_suspect

    from {{ ref('int_meter_instants') }}
    {% if grain == 'day' %}
    where interval_minutes > 60
    {% endif %}
    union all
    select
        steps.building_id,
        {{ buckets }},
        steps.kind,
        steps.minutes,
        steps.slots,
        {{ each_metric("case when steps.metric = '<metric>' then steps.value end as <column>") }},
        0 as surplus_quantities,
        0 as readings_surplus,
        case when kind_metrics.is_expected then steps.slots else 0 end as readings_on_grid,
        0 as readings_any_time,
        0 as readings_suspect

    from {{ ref('int_register_steps') }} as steps
    inner join kind_metrics on steps.kind = kind_metrics.kind and steps.metric = kind_metrics.metric
    where steps.grain = '{{ grain }}'
{%- endmacro %}

{#
    The sums of `instants`: of each quantity its readings and their sum, and for a mean the minutes that they stand for;
    temperatures weighted by the flow of the same meter and time, and the weights: standing water has none.
#}
{% macro sums_of_instants() -%}
    {%- for quantity in quantities().strip().splitlines() %}
    {%- set name, number, kinds, metric, how = quantity.split() %}
    {%- set value = 'instants.' ~ (metric | lower) %}
    {%- set is_one = 'instants.kind in ' ~ quoted(kinds) ~ ' and ' ~ value ~ ' is not null' %}
    sum(instants.slots) filter (where {{ is_one }})::integer as {{ name }}_readings,
    sum({{ value }}{{ '' if how == 'sum' else ' * instants.minutes' }}) filter (where {{ is_one }}) as {{ name }}_sum,
    {%- if how == 'mean' %}
    sum(instants.minutes) filter (where {{ is_one }})::integer as {{ name }}_minutes,
    {%- endif %}
    {%- endfor %}
    {%- for temperature, flow in [('t1', 'flow_supply'), ('t2', 'flow_return')] %}
    {%- set weight = 'instants.' ~ flow ~ ' * instants.minutes' %}
    {%- set is_flowing = "instants.kind = 'hot_water' and instants." ~ flow ~ ' > 0' %}
    sum(instants.{{ temperature }} * {{ weight }}) filter (where {{ is_flowing }}) as {{ temperature }}_weighted,
    sum({{ weight }}) filter (where {{ is_flowing }} and instants.{{ temperature }} is not null)
        as {{ temperature }}_weight,
    {%- endfor %}
    sum(instants.readings_on_grid + instants.readings_any_time) filter (where instants.kind = 'heat')::integer
        as readings_of_heat,
    {%- for count in ['surplus', 'on_grid', 'any_time', 'suspect'] %}
    coalesce(sum(instants.readings_{{ count }}) filter (where instants.kind is not null), 0)::integer
        as readings_{{ count }},
    {%- endfor %}
    coalesce(bit_or(instants.surplus_quantities) filter (where instants.kind is not null), 0) as surplus_quantities
{%- endmacro %}

{# The columns of sums_of_instants that a day adds up. #}
{% macro columns_of_sums(counted) -%}
    {%- for quantity in quantities().strip().splitlines() %}
    {%- set name, number, kinds, metric, how = quantity.split() %}
    {{ counted }}.{{ name }}_readings,
    {{ counted }}.{{ name }}_sum,
    {%- if how == 'mean' %}
    {{ counted }}.{{ name }}_minutes,
    {%- endif %}
    {%- endfor %}
    {%- for name in ['t1', 't2'] %}
    {{ counted }}.{{ name }}_weighted,
    {{ counted }}.{{ name }}_weight,
    {%- endfor %}
    {{ counted }}.surplus_quantities,
    {{ counted }}.readings_of_heat
{%- endmacro %}

{# The most readings that one of several hours has of each quantity: a meter that nobody expects reports so all day. #}
{% macro most_readings(counted) -%}
    {%- for quantity in quantities().strip().splitlines() %}
    max({{ counted }}.{{ quantity.split()[0] }}_readings) as {{ quantity.split()[0] }}_most{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The sums of these, and the most readings that an hour has. #}
{% macro sums_of_sums() -%}
    {%- for quantity in quantities().strip().splitlines() %}
    {%- set name, number, kinds, metric, how = quantity.split() %}
    sum({{ name }}_readings) as {{ name }}_readings,
    max({{ name }}_readings) filter (where is_hour) as {{ name }}_most,
    sum({{ name }}_sum) as {{ name }}_sum,
    {%- if how == 'mean' %}
    sum({{ name }}_minutes) as {{ name }}_minutes,
    {%- endif %}
    {%- endfor %}
    {%- for name in ['t1', 't2'] %}
    sum({{ name }}_weighted) as {{ name }}_weighted,
    sum({{ name }}_weight) as {{ name }}_weight,
    {%- endfor %}
    bit_or(surplus_quantities) as surplus_quantities,
    sum(readings_of_heat) as readings_of_heat
{%- endmacro %}

{# The columns in which the readings are counted that should be there, of meters joined to kind_metrics. #}
{% macro expected_readings(slots) -%}
    {%- for quantity in quantities().strip().splitlines() %}
    {%- set name, number, kinds, metric, how = quantity.split() %}
    sum({{ slots }}) filter (where kind_metrics.quantity = {{ number }}) as {{ name }}_expected,
    {%- endfor %}
    sum({{ slots }}) filter (where not kind_metrics.is_any_time) as on_grid_expected,
    sum({{ slots }}) filter (where kind_metrics.is_any_time) as any_time_expected,
    sum({{ slots }}) filter (where kind_metrics.kind = 'heat') as of_heat_expected
{%- endmacro %}

{#
    The value of a quantity, of `counted` readings where `expected` ones should be, or where nobody expects any, as many
    as `reported` says: `?` in it is the quantity's name. `unknown`: bits of quantities.
#}
{% macro value_of(asked, counted, expected, reported, unknown) -%}
    {%- for quantity in quantities().strip().splitlines() if quantity.split()[0] == asked %}
    {%- set name, number, kinds, metric, how = quantity.split() %}
    {%- set total = deterministic_sum(counted ~ '.' ~ name ~ '_sum') -%}
    case
        when ({{ unknown }}) & {{ bits_of([name]) }} <> 0 then null
        {%- if how == 'mean' %}
        else {{ total }} / {{ counted }}.{{ name }}_minutes
        {%- else %}
        when
            {{ counted }}.{{ name }}_readings
            >= coalesce({{ expected }}.{{ name }}_expected, {{ reported.replace('?', name) }})
            then {{ total }}{{ ' / 60' if how == 'volume' }}
        {%- endif %}
    end
    {%- endfor %}
{%- endmacro %}

{# The measured columns of a building's hour or day, and what follows from them; `counted`, `expected` as in value_of. #}
{% macro measured_columns(counted, expected, reported, unknown) -%}
    {%- set arguments = [counted, expected, reported, unknown] -%}
    {{ value_of('cold', *arguments) }} as cold_consumption_m3,
    {{ value_of('hot', *arguments) }} as hot_consumption_m3,
    {{ value_of('supply', *arguments) }} as supply_m3,
    {{ value_of('return', *arguments) }} as return_m3,
    {{ value_of('t1', *arguments) }} as t1_degc,
    {{ value_of('t2', *arguments) }} as t2_degc,
    {{ weighted_mean('t1', 'supply', counted, unknown) }} as t1_flow_weighted_degc,
    {{ weighted_mean('t2', 'return', counted, unknown) }} as t2_flow_weighted_degc,
    {{ value_of('heat', *arguments) }} as heat_gcal,
    {{ value_of('heat_mass_supply', *arguments) }} as heat_mass_supply_t,
    {{ value_of('heat_mass_return', *arguments) }} as heat_mass_return_t,
    coalesce(
        {{ value_of('heat_volume_supply', *arguments) }},
        {{ value_of('heat_flow_supply', *arguments) }}
    ) as heat_volume_supply_m3,
    coalesce(
        {{ value_of('heat_volume_return', *arguments) }},
        {{ value_of('heat_flow_return', *arguments) }}
    ) as heat_volume_return_m3,
    {{ value_of('heat_t1', *arguments) }} as heat_t1_degc,
    {{ value_of('heat_t2', *arguments) }} as heat_t2_degc,
    {{ value_of('pump', *arguments) }} as pump_runtime_hours
    {%- for name in ['cold', 'hot', 'supply', 'return', 't1', 't2'] %},
    {{ share_of(counted ~ '.' ~ name ~ '_readings', expected ~ '.' ~ name ~ '_expected') }} as {{ name }}_completeness
    {%- endfor %},
    {{ share_of(counted ~ '.readings_of_heat', expected ~ '.of_heat_expected') }} as heat_completeness
{%- endmacro %}

{# What is added up over the hours of the day and of the night: the column of an hour, and name and unit of the sums. #}
{% macro parts_of_days() %}
    cold_consumption_m3  cold    m3
    hot_consumption_m3   hot     m3
    supply_m3            supply  m3
    return_m3            return  m3
    heat_gcal            heat    gcal
{% endmacro %}

{# Of a building's hours the sums by day and by night, and how many hours have a value. #}
{% macro sums_of_parts() -%}
    {%- for line in parts_of_days().strip().splitlines() %}{% set last = loop.last %}
    {%- set column, name, unit = line.split() %}
    {%- for part in ['day', 'night'] %}
    sum({{ column }}) filter (where day_night = '{{ part }}') as {{ name }}_{{ part }},
    count({{ column }}) filter (where day_night = '{{ part }}') as {{ name }}_{{ part }}_hours
    {{- "," if not (last and loop.last) }}
    {%- endfor %}{% endfor %}
{%- endmacro %}

{# These sums where no hour of the part lacks a value. #}
{% macro parts_of(sums, days) -%}
    {%- for line in parts_of_days().strip().splitlines() %}{% set last = loop.last %}
    {%- set column, name, unit = line.split() %}
    {%- for part, hours in [('day', days ~ '.day_hours'), ('night', days ~ '.hours - ' ~ days ~ '.day_hours')] %}
    case
        when {{ sums }}.{{ name }}_{{ part }}_hours = {{ hours }}
            then {{ deterministic_sum(sums ~ '.' ~ name ~ '_' ~ part) }}
    end as {{ name }}_{{ part }}_{{ unit }}{{ "," if not (last and loop.last) }}
    {%- endfor %}{% endfor %}
{%- endmacro %}

{# Of a district's buildings the sums of theirs. #}
{% macro sums_of_parts_of_buildings() -%}
    {%- for line in parts_of_days().strip().splitlines() %}{% set last = loop.last %}
    {%- set column, name, unit = line.split() %}
    {%- for part in ['day', 'night'] %}
    {%- set sum = name ~ '_' ~ part ~ '_' ~ unit %}
    {{ deterministic_sum('sum(' ~ sum ~ ')') }} as {{ sum }}{{ "," if not (last and loop.last) }}
    {%- endfor %}{% endfor %}
{%- endmacro %}

{# Of each kind of meter the sum of the registers, if all meters told theirs. #}
{% macro registers_of_kinds(kind, instants) -%}
    {%- for name, of_kind, register, unit in [
        ('cold', 'cold_water', 'register_m3', 'm3'),
        ('hot', 'hot_water', 'register_m3', 'm3'),
        ('heat', 'heat', 'register_gcal', 'gcal'),
    ] %}
    {%- set register = instants ~ '.' ~ register %}
    case
        when bool_and({{ register }} is not null) filter (where {{ kind }} = '{{ of_kind }}')
            then sum({{ register }}) filter (where {{ kind }} = '{{ of_kind }}')
    end as {{ name }}_register_start_{{ unit }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# What is expected of meters: the column of its value, and that of its completeness. #}
{% macro complete_columns() %}
    cold_consumption_m3  cold_completeness
    hot_consumption_m3   hot_completeness
    supply_m3            supply_completeness
    return_m3            return_completeness
    t1_degc              t1_completeness
    t2_degc              t2_completeness
    heat_gcal            heat_completeness
{% endmacro %}

{# These columns alone: a view of all columns of a table keeps the table from losing any. #}
{% macro columns_with_completeness() -%}
    {%- for line in complete_columns().strip().splitlines() %}
    {{ line.split()[0] }},
    {{ line.split()[1] }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Of the days before a day the means, and the share of the days that have a value: a mean of few is known as such. #}
{% macro means_of_days(earlier, day) -%}
    {%- for days in [7, 28] %}{% set last_span = loop.last %}
    {%- for line in complete_columns().strip().splitlines() %}
    {%- set value, completeness = line.split() %}
    {%- set column = earlier ~ '.' ~ value %}
    {%- set is_near = '(where ' ~ earlier ~ '.local_date >= ' ~ day ~ '.local_date - ' ~ days ~ ')' %}
    {{ deterministic_sum('sum(' ~ column ~ ') filter ' ~ is_near) }} / nullif(count({{ column }}) filter {{ is_near }}, 0)
        as {{ value }}_mean_{{ days }}d,
    (count({{ column }}) filter {{ is_near }} / {{ days }}::real)::real as {{ completeness }}_{{ days }}d
    {{- "," if not (last_span and loop.last) }}
    {%- endfor %}{% endfor %}
{%- endmacro %}

{# The bits of quantities in a set of them. #}
{% macro bits_of(names) -%}
    {%- set found = namespace(bits=0) -%}
    {%- for quantity in quantities().strip().splitlines() if quantity.split()[0] in names -%}
        {%- set found.bits = found.bits + 2 ** (quantity.split()[1] | int) -%}
    {%- endfor -%}
    {{ found.bits }}
{%- endmacro %}

{% macro weighted_mean(temperature, flow, counted, unknown) -%}
    case
        when ({{ unknown }}) & {{ bits_of([temperature, flow]) }} = 0
            then
                {{ deterministic_sum(counted ~ '.' ~ temperature ~ '_weighted') }}
                / {{ deterministic_sum(counted ~ '.' ~ temperature ~ '_weight') }}
    end
{%- endmacro %}

{% macro share_of(readings, expected) -%}
    (least(coalesce({{ readings }}, 0), {{ expected }})::real / nullif({{ expected }}, 0)::real)
{%- endmacro %}

{# The columns of features that readings make, of measured_columns and the counts beside them. #}
{% macro features_of(measured) -%}
    {%- for name in [
        'cold_consumption_m3', 'hot_consumption_m3', 'supply_m3', 'return_m3', 't1_degc', 't2_degc',
        't1_flow_weighted_degc', 't2_flow_weighted_degc', 'heat_gcal', 'heat_mass_supply_t', 'heat_mass_return_t',
        'heat_volume_supply_m3', 'heat_volume_return_m3', 'heat_t1_degc', 'heat_t2_degc', 'pump_runtime_hours'
    ] %}
    {{ measured }}.{{ name }}::double precision as {{ name }},
    {%- endfor %}
    {{ deterministic_sum(
        measured ~ '.supply_m3 - ' ~ measured ~ '.return_m3 - ' ~ measured ~ '.hot_consumption_m3'
    ) }}::double precision as loss_m3,
    {{ deterministic_sum(measured ~ '.t1_degc - ' ~ measured ~ '.t2_degc') }}::double precision as delta_t,
    (
        ({{ measured }}.cold_consumption_m3 - {{ measured }}.hot_consumption_m3)
        / nullif({{ measured }}.cold_consumption_m3, 0)
    )::double precision as hot_cold_mismatch,
    {%- for name in ['cold', 'hot', 'supply', 'return', 't1', 't2', 'heat'] %}
    {{ measured }}.{{ name }}_completeness,
    {%- endfor %}
    {%- for name in ['expected', 'present', 'suspect', 'surplus'] %}
    {{ measured }}.readings_{{ name }}::integer as readings_{{ name }}{{ '' if loop.last else ',' }}
    {%- endfor %}
{%- endmacro %}
