//! What stored entries say, and what they must not be taken to say.
