"""Intake: requests become batches and wait for their results."""
