"""How players are told of their ranks when others have moved them."""
