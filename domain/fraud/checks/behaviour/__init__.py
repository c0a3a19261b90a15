"""Behaviour: how a player's scores and times compare with its own past and with everybody's."""
