insert into {quality}.supplier_lists (source, severity, row_errors) values (:source, :severity, :row_errors)
