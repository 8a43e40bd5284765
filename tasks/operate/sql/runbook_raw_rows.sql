select count(*) from {stage}.stage_raw_measurements where load_id = '{UUID}'
