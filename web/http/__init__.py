"""HTTP: errors, headers, bodies, strict values and the row type of an endpoint."""
