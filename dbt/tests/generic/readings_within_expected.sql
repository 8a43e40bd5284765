{# readings_present <= readings_expected: what nobody expects makes up for no gap. #}
{% test readings_within_expected(model) %}

select
    local_date,
    readings_present,
    readings_expected
from {{ model }}
where readings_present > readings_expected

{% endtest %}
