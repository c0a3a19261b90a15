"""The API's description for programs and people: the OpenAPI document and the collection."""
