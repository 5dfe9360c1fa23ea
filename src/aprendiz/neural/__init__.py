"""The shared room with torch: devices, base models, tokenising, encoders, callbacks."""
