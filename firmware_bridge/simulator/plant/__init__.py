"""Pumps, heat and flow of a simulated synthesis, and the plants that join them with chemistry and optics."""
