select count(*)
from {stage}.raw_rows
where load_id = :load_id
