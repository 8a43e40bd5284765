select
    create_hypertable(
        :table_name::regclass,
        by_range('time', make_interval(days => :chunk_days)),
        create_default_indexes => false,
        migrate_data => true
    )
