update {quality}.quality_load_log
set
    status = 'failed',
    finished_at = clock_timestamp(),
    message = 'запуск прерван; файл загружается заново'
where load_id = $1 and status = 'running'
