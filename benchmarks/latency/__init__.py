"""How long and how much memory reading takes, beside peers, in one run."""
