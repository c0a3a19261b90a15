"""Routes of moderation: what moderators and admins look at and decide."""
