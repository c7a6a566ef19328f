"""OpenAPI descriptions that FastAPI cannot derive from the routes."""
