"""A sandbox of KYC vendors that runs on a laptop."""
