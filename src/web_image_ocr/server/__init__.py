"""Run Uvicorn under our limits: connections, TLS, graceful shutdown, rolling restart."""
