"""A stack and traffic of one's own, for the bench and the fault rig."""
