"""How the server tells what it does: logging now; metrics and traces come beside it."""
