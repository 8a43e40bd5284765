select * from {quality}.quality_load_log order by started_at desc limit 20
