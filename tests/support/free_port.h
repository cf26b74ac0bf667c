/// TCP ports for what a test runs beside itself.
#pragma once

namespace satchel {

/// A port of 127.0.0.1 that no other running process has got from here, nor from the Python tests'
/// `harness/ports.py`, which claims ports in the same way. It is below the ephemeral range, so that
/// no outgoing connection takes it, not even while its server restarts. Thread-safe.
/// Throws std::runtime_error when there is none.
int FreePort();

}  // namespace satchel
