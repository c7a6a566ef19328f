"""Between HTTP and the engine: admission, worker processes, the Recognizer protocol."""
