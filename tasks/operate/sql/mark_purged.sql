-- A failed load goes back to claimed: a retry would not find the rows of the step that it had reached.
update {quality}.quality_load_log
set
    purged_before = :ended_before,
    step = case when status = 'failed' and step <> 'loaded' then 'claimed' else step end
where load_id = any(:load_ids::uuid[])
