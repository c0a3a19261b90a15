"""Schemas: of requests, which they validate, and of responses, for the OpenAPI document."""
