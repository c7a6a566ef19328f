"""Count calls and report them."""
