"""Records that share no identifier and may be one person: where they meet, how they score, which model says so."""
