"""How a company is described, and made of its description."""
