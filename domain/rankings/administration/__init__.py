"""Makes, changes and removes boards: what admins and operators ask for."""
