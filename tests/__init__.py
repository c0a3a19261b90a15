"""The tests of Laurel, by what they need: `unit` nothing, `integration` the stores, `e2e` all."""
