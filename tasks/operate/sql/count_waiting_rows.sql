-- Rows that `dataops requeue` would load.
select count(*) from {quality}.waiting_rows
