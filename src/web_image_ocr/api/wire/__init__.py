"""Wire formats: models, encoders and errors. No access to identity's store or the engine."""
