"""SQL of actions, from intake to the outcome, and of the batches that they are in."""
