"""Schemas: what comes in and what goes out, and the source of the OpenAPI document."""
