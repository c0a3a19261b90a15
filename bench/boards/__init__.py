"""What boards cost: a further board, ranks and pages of large ones, and the turn of a period."""
