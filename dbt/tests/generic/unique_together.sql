{# Of the days that changed: the others have been tested when they did. #}
{% test unique_together(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
where {{ in_changed_days('local_date') }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
