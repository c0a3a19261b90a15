"""The pages for people: the live board and the API documentation."""
