"""What moderators send and are answered, and the appeals of players."""
