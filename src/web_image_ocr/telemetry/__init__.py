"""Write the log."""
