"""What vouches for an action of high value: a game server's signature, or a second factor."""
