// The handler calls nothing that allocates or waits.
#define _GNU_SOURCE
#include "cwatchdog.h"

#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>


struct cwatchdog {
    timer_t computing; // counts the thread's CPU time
    timer_t jobs;      // counts time
    int depth;         // 0: no stack noted
    void *frames[CWATCHDOG_MOST_FRAMES]; // innermost first; before those of the thread the handler's and the kernel's
};

static long cwatchdog_set(timer_t timer, long nanoseconds) {
    struct itimerspec new = {.it_value.tv_nsec = nanoseconds}, old = {0};
    timer_settime(timer, 0, &new, &old);
    return old.it_value.tv_nsec;
}

static void cwatchdog_note(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    if (info->si_code != SI_TIMER) return;
    struct cwatchdog *watchdog = info->si_value.sival_ptr;
    int error = errno;
    void *frames[CWATCHDOG_MOST_FRAMES];
    int depth = backtrace(frames, CWATCHDOG_MOST_FRAMES);
    if (depth > watchdog->depth) {
        memcpy(watchdog->frames, frames, depth * sizeof *frames);
        watchdog->depth = depth;
    }
    // Some short functions of Swift's library have no unwind tables, and the stack ends there: look again in 1 ms. (A loop
    // that runs anything has more than ten frames.)
    if (watchdog->depth < 10) cwatchdog_set(watchdog->jobs, 1000000);
    errno = error;
}

static int cwatchdog_timer(clockid_t clock, struct cwatchdog *watchdog, timer_t *timer) {
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    event.sigev_value.sival_ptr = watchdog;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid); // glibc has a name for this field since 2.35 only
    return timer_create(clock, &event, timer);
}

struct cwatchdog *cwatchdog_create(void) {
    struct cwatchdog *watchdog = calloc(1, sizeof *watchdog);
    if (!watchdog) return NULL;
    // The first call loads the unwinder, which allocates.
    backtrace(watchdog->frames, 1);
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART}, old;
    action.sa_sigaction = cwatchdog_note;
    if (sigaction(SIGPROF, NULL, &old) == 0 && (old.sa_handler == SIG_DFL || old.sa_sigaction == cwatchdog_note) &&
        sigaction(SIGPROF, &action, NULL) == 0 &&
        cwatchdog_timer(CLOCK_THREAD_CPUTIME_ID, watchdog, &watchdog->computing) == 0) {
        if (cwatchdog_timer(CLOCK_MONOTONIC, watchdog, &watchdog->jobs) == 0) return watchdog;
        timer_delete(watchdog->computing);
    }
    free(watchdog);
    return NULL;
}

void cwatchdog_delete(struct cwatchdog *watchdog) {
    timer_delete(watchdog->computing);
    timer_delete(watchdog->jobs);
    free(watchdog);
}

long cwatchdog_computing(struct cwatchdog *watchdog, long nanoseconds) {
    return cwatchdog_set(watchdog->computing, nanoseconds);
}

long cwatchdog_jobs(struct cwatchdog *watchdog, long nanoseconds) {
    return cwatchdog_set(watchdog->jobs, nanoseconds);
}

int cwatchdog_depth(const struct cwatchdog *watchdog) { return watchdog->depth; }

int cwatchdog_take(struct cwatchdog *watchdog, unsigned long *frames, int most) {
    int depth = watchdog->depth < most ? watchdog->depth : most;
    memcpy(frames, watchdog->frames, depth * sizeof *frames);
    watchdog->depth = 0;
    return depth;
}

char **cwatchdog_lines(void *const *addresses, int count) { return backtrace_symbols(addresses, count); }

const char *cwatchdog_symbol(const void *executable, unsigned long offset) {
    const char *file = executable;
    const Elf64_Ehdr *header = executable;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + header->e_shoff);
    for (int i = 0; i < header->e_shnum; i++) {
        if (sections[i].sh_type != SHT_SYMTAB) continue;
        const Elf64_Sym *symbol = (const Elf64_Sym *)(file + sections[i].sh_offset);
        const Elf64_Sym *end = symbol + sections[i].sh_size / sizeof *symbol;
        for (; symbol < end; symbol++)
            if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && offset - symbol->st_value < symbol->st_size)
                return file + sections[sections[i].sh_link].sh_offset + symbol->st_name;
    }
    return NULL;
}
