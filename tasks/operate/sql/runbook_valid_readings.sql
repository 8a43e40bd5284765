select count(*) from {stage}.stage_parsed_measurements where load_id = '{UUID}' and quality = 0
