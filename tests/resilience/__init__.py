"""What breaks and heals: each ends with `verify`."""
