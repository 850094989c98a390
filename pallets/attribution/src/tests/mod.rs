//! One file for each call, and the properties that hold over all of them.
