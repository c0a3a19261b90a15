"""Real time: what listeners cost, how soon they hear of a change, and how they come back."""
