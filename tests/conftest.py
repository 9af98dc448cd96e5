"""What all tests share."""

from hypothesis import settings

# A deadline would be a timing that a test asserts, and fail where the machine is busy.
settings.register_profile("kerneltui", deadline=None)
settings.load_profile("kerneltui")
