-- $1 loads, $2 moment. A failed load goes back to its beginning: a retry would find no rows where it had come to.
update {quality}.quality_load_log
set purged_before = $2, step = case when status = 'failed' and step <> 'loaded' then 'claimed' else step end
where load_id = any($1::uuid[])
