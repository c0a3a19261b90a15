"""Archives: old actions moved to checksummed files without changing a single score."""
