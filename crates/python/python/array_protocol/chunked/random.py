"""Random numbers from keys; beyond the standard. Its functions are put here when `array_protocol.chunked` is imported."""
