"""The anomaly model: features of an action, a histogram of each, and a score of how rare it is."""
