{#
    readings_present <= readings_expected. It warns: a meter may report more than expected_metrics says of its kind, and
    then a missing reading may go unnoticed.
#}
{% test readings_within_expected(model) %}

{{ config(severity='warn') }}

select
    local_date,
    readings_present,
    readings_expected
from {{ model }}
where readings_present > readings_expected

{% endtest %}
