"""A constant load for minutes: what grows although it should not."""
