"""Tests of particles that no rig makes: a model, and rows to train on."""
