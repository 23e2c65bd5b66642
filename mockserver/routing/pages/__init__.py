"""Pages for people: hosted verification pages and API documentation."""
