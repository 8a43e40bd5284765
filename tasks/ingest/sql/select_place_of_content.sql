select effective_at
from {quality}.effective_loads
where content_id = :content_id and requeue_of is null
