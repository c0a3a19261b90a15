"""The bench: that it counts rightly. How fast anything is, no test says."""
