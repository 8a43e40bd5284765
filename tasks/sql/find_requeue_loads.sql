select distinct load_id from requeue_rows order by load_id
