"""Run models with ONNX Runtime: sessions, model files, INT8 quantization."""
