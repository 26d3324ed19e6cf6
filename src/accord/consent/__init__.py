"""Consent: purposes and the decision, pure. The gate of the engine asks it at the last step."""
