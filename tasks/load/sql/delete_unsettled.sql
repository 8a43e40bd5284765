delete from unsettled
where withdrawn_by = any(:load_ids::uuid[])
