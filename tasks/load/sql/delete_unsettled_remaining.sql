delete from unsettled
where not is_withdrawn
