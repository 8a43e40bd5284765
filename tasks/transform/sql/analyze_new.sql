select {quality}.analyze_new(:table_name)
