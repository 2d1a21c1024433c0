"""The standard's extension: its functions are put here when `array_protocol.chunked` is imported."""
