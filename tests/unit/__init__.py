"""Pure and instant: no store, no network."""
