"""Wire formats: models, encoders and errors. No access to the database or the engine."""
