"""Tests of `contracts/client`."""
