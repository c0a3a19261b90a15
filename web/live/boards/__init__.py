"""The boards that are data, live: their followers, and what each change of a ranking sends them."""
