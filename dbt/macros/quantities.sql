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
    What a reading counts as, by the kind of its meter, its metric, and whether its time is on the grid of the meter's
    intervals. One that is not, of a metric that has intervals, is more than the hours can hold: its quantity is negative.
#}
{% macro kind_metrics() -%}
    select
        kind_metrics.kind,
        kind_metrics.metric,
        grid.is_on_grid,
        case when grid.is_on_grid or kind_metrics.is_any_time then 1 else -1 end * kind_metrics.quantity as quantity,
        kind_metrics.is_expected and (grid.is_on_grid or kind_metrics.is_any_time) as is_expected,
        kind_metrics.is_any_time,
        not grid.is_on_grid and not kind_metrics.is_any_time as is_surplus

    from (
        select
            coalesce(quantities.kind, expected.kind) as kind,
            coalesce(quantities.metric, expected.metric) as metric,
            quantities.quantity,
            expected.metric is not null as is_expected,
            coalesce(metrics.metric_kind in ('register', 'instantaneous'), false) as is_any_time

        from (
            values
            {%- for quantity in quantities().strip().splitlines() %}{% set last = loop.last %}
            {%- set name, number, kinds, metric, how = quantity.split() %}
            {%- for kind in kinds.split(',') %}
            ('{{ kind }}', '{{ metric }}', {{ number }}){{ "," if not (last and loop.last) }}
            {%- endfor %}{% endfor %}
        ) as quantities (kind, metric, quantity)
        full join {{ ref('stg_quality__expected_metrics') }} as expected
            on quantities.kind = expected.kind and quantities.metric = expected.metric
        left join {{ ref('stg_quality__metrics') }} as metrics
            on coalesce(quantities.metric, expected.metric) = metrics.metric
    ) as kind_metrics
    cross join (values (true), (false)) as grid (is_on_grid)
{%- endmacro %}

{#
    The readings of `metered` counted per building and bucket. `metered`: readings with what is known of their meters
    (building_id, kind), the minutes that each stands for, the bucket that it counts in, is_on_grid, and for how many
    readings it counts (slots). Of those without is_on_grid only what is suspect is counted.
#}
{% macro counted_readings() -%}
    select
        metered.building_id,
        metered.bucket,
        {%- for quantity in quantities().strip().splitlines() %}
        {%- set name, number, kinds, metric, how = quantity.split() %}
        {{ slots_where('kind_metrics.quantity = ' ~ number) }} as {{ name }}_readings,
        sum(metered.value{{ '' if how == 'sum' else ' * metered.minutes' }})
        filter (where kind_metrics.quantity = {{ number }}) as {{ name }}_sum,
        {%- if how == 'mean' %}
        sum(metered.minutes) filter (where kind_metrics.quantity = {{ number }}) as {{ name }}_minutes,
        {%- endif %}
        {%- endfor %}
        coalesce(bit_or(1 << -kind_metrics.quantity) filter (where kind_metrics.quantity < 0), 0) as surplus_quantities,
        count(*) filter (where kind_metrics.is_surplus) as readings_surplus,
        {{ slots_where('kind_metrics.is_expected and not kind_metrics.is_any_time') }} as readings_on_grid,
        count(*) filter (where kind_metrics.is_expected and kind_metrics.is_any_time) as readings_any_time,
        {{ slots_where("kind_metrics.is_expected and kind_metrics.kind = 'heat'") }} as readings_of_heat,
        count(*) filter (where metered.quality = 1 and metered.is_on_grid is not null) as readings_suspect

    from metered
    left join kind_metrics
        on
            metered.kind = kind_metrics.kind
            and metered.metric = kind_metrics.metric
            and metered.is_on_grid = kind_metrics.is_on_grid
    group by metered.building_id, metered.bucket
{%- endmacro %}

{% macro slots_where(condition) -%}
    coalesce(sum(metered.slots) filter (where {{ condition }}), 0)
{%- endmacro %}

{# Steps of registers as `metered` readings of the intervals that the meters sent none of. #}
{% macro columns_of_steps(bucket) -%}
    steps.building_id,
    steps.meter_id,
    steps.kind,
    steps.interval_minutes,
    steps.ts as read_at,
    {{ bucket }} as bucket,
    steps.metric,
    steps.value,
    0 as quality,
    steps.minutes,
    true as is_on_grid,
    steps.slots
{%- endmacro %}

{# The columns of counted_readings that a day adds up. #}
{% macro columns_of_counted(counted) -%}
    {%- for quantity in quantities().strip().splitlines() %}
    {%- set name, number, kinds, metric, how = quantity.split() %}
    {{ counted }}.{{ name }}_readings,
    {{ counted }}.{{ name }}_sum,
    {%- if how == 'mean' %}
    {{ counted }}.{{ name }}_minutes,
    {%- endif %}
    {%- endfor %}
    {{ counted }}.surplus_quantities,
    {{ counted }}.readings_of_heat
{%- endmacro %}

{# The most readings that an hour of the building's day has of each quantity (`?`): what reports does so all day. #}
{% macro columns_of_most(readings) -%}
    {%- for quantity in quantities().strip().splitlines() %}
    {%- set name, number, kinds, metric, how = quantity.split() %}
    {{ readings.replace('?', name) }} as {{ name }}_most
    {{- '' if loop.last else ',' }}
    {%- endfor %}
{%- endmacro %}

{# Their sums. #}
{% macro sums_of_counted() -%}
    {%- for quantity in quantities().strip().splitlines() %}
    {%- set name, number, kinds, metric, how = quantity.split() %}
    sum({{ name }}_readings) as {{ name }}_readings,
    max({{ name }}_most) as {{ name }}_most,
    sum({{ name }}_sum) as {{ name }}_sum,
    {%- if how == 'mean' %}
    sum({{ name }}_minutes) as {{ name }}_minutes,
    {%- endif %}
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

{#
    Temperatures of `metered` weighted by the flow of the same meter and time, per building and bucket: the weighted sums,
    and their weights. Standing water has no weight.
#}
{% macro weighted_by_flow() -%}
    select
        building_id,
        bucket,
        sum(t1 * flow_supply * minutes) filter (where flow_supply > 0) as t1_weighted,
        sum(flow_supply * minutes) filter (where flow_supply > 0 and t1 is not null) as t1_weight,
        sum(t2 * flow_return * minutes) filter (where flow_return > 0) as t2_weighted,
        sum(flow_return * minutes) filter (where flow_return > 0 and t2 is not null) as t2_weight

    from (
        select
            building_id,
            bucket,
            minutes,
            max(value) filter (where metric = 'T1') as t1,
            max(value) filter (where metric = 'T2') as t2,
            max(value) filter (where metric = 'flow_supply') as flow_supply,
            max(value) filter (where metric = 'flow_return') as flow_return

        from metered
        where
            kind = 'hot_water' and is_on_grid is not null
            and metric in ('T1', 'T2', 'flow_supply', 'flow_return')
        group by building_id, bucket, minutes, meter_id, read_at
    ) as instants
    group by building_id, bucket
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
