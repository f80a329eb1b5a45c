"""Inputs that are refused, and the table of what is said about each."""
