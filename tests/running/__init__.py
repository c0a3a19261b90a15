"""What runs tests, and a Redis of a test's own."""
