"""How much of the text of real pictures is read rightly, beside a peer, in one run."""
