select distinct load_id
from requeueable_rows
order by load_id
