insert into {quality}.supplier_lists (source, row_errors) values (:source, :row_errors)
