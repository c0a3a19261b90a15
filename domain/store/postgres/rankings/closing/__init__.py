"""SQL of what happens when time passes: seals, rewards, buckets that leave, old periods."""
