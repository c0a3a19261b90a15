"""HTTP: errors, headers, bodies and the OpenAPI document."""
