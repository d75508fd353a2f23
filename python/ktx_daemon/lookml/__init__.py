"""LookML projects as drafts of semantic-layer sources: views become sources, explores become joins."""
