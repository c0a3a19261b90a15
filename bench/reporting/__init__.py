"""What a run shows: tables on the console and in Markdown, and charts."""
