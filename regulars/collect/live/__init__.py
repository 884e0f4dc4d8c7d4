"""What arrives, with its verdict: read from the journal, the refusals and the duplicates, so every process sees all."""
