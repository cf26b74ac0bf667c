/// Termination signals, taken by one thread instead of a handler.
#pragma once

namespace satchel {

/// Before any other thread is made: termination signals wait for WaitForTermination(); broken pipes
/// and too large files become errors of their calls.
void PrepareSignals();

/// Blocks until SIGTERM or SIGINT; returns its number. After this a further one ends the process at
/// once.
int WaitForTermination();

/// As if SIGTERM had come from outside; thread-safe.
void RequestTermination();

}  // namespace satchel
