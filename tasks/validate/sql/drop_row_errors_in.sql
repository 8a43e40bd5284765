drop table row_errors_in
