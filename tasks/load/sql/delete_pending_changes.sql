delete from pending_changes
where load_id = any(:load_ids::uuid[])
