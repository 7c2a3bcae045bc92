//! The lock in the simulator: who gets it, who loses it, and what is said.
