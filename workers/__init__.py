"""The workers: how work is scheduled. What the work is, the domain says."""
