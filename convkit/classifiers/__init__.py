"""Networks written out by hand, layer by layer."""
