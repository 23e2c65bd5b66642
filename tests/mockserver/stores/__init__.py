"""Tests of single stores; what all stores promise is tested elsewhere."""
