"""Places: a gazetteer of about 235,000 towns, every country and every US state, in all scripts."""
