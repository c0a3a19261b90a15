"""What the checks of fraud detection cost: a policy of the first five, and one of all of them."""
