"""What happens when time passes on a board: seals, rewards, what leaves and what is removed."""
