{# Every building-day holds each of its local hours once: a missing hour is a row, not an absence. #}
{% test every_local_hour(model) %}

select
    building_id,
    local_date
from {{ model }}
group by building_id, local_date
having
    count(*) <> extract(
        epoch from {{ midnight_of('(local_date + 1)') }} - {{ midnight_of('local_date') }}
    ) / 3600

{% endtest %}
