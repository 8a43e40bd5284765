select
    case
        when :reason::text = 'unmapped_code' then exists (select from {quality}.waiting_rows)
        else exists (select from {quality}.open_row_errors where reason = :reason)
    end as has_rows
