"""What clients and the live process say to each other, as data, for `GET /asyncapi.json`."""
