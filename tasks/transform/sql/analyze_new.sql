-- $1 the table.
select {quality}.analyze_new($1)
