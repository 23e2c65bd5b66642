"""Webhooks as a receiver sees them: verified, listened to, and attacked."""
