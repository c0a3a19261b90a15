"""What everybody may see of one player, as JSON and as a page."""
