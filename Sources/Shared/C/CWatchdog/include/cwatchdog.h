// Timers whose signal makes one thread note its own stack. Swift's runtime is not made for signal handlers, so this is C.
//
// No header of the system is included: its types would then be this module's to Swift.
#ifndef CWATCHDOG_H
#define CWATCHDOG_H

#define CWATCHDOG_MOST_FRAMES 32

struct cwatchdog;

// For the calling thread. NULL where the system has no timer for it, or a profiler has the signal.
struct cwatchdog *cwatchdog_create(void);
// Once its thread has ended, or on that thread.
void cwatchdog_delete(struct cwatchdog *watchdog);

// Start the timer of the thread's CPU time, or that of time, anew. 0 ns stop it. Return the nanoseconds that it had left,
// below a second.
long cwatchdog_computing(struct cwatchdog *watchdog, long nanoseconds);
long cwatchdog_jobs(struct cwatchdog *watchdog, long nanoseconds);

// Number of frames that were noted.
int cwatchdog_depth(const struct cwatchdog *watchdog);
// Moves them to `frames`, innermost first. Before those of the thread are the handler's and the kernel's.
int cwatchdog_take(struct cwatchdog *watchdog, unsigned long *frames, int most);

// A line of each address, as glibc's backtrace_symbols: one block that is to be freed, or NULL.
char **cwatchdog_lines(void *const *addresses, int count);

// The symbol at an offset of a loaded executable, by the table that its linker left in the file, or NULL. In C, since in
// Swift without optimization it would take long: there are some 200,000.
const char *cwatchdog_symbol(const void *executable, unsigned long offset);

#endif
