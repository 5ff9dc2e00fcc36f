# Starting and stopping the private processes of scripts/run. Source after common.sh; needs $state, a folder.

# Field 22 of /proc/PID/stat: with the pid it names one process for ever, so that a reused pid is never stopped.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# is_up NAME: whether the process that NAME.pid names still runs.
is_up() {
    local pid start
    [ -f "$state/$1.pid" ] && read -r pid start <"$state/$1.pid" && [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}

# stamp COMMAND…: what a process is started as: the command, its binary, and the settings of scripts/lib/environment.sh.
stamp() { { printf '%s\n' "$@" "${settings:-}"; stat -Lc '%n %s %Y' "$(command -v "$1")"; } | cksum; }

# up NAME COMMAND…: starts COMMAND detached, output to NAME.log. One that runs stays, unless its stamp is another.
up() {
    local name=$1 stamp pid
    shift
    stamp=$(stamp "$@")
    if is_up "$name"; then
        [ "$(cat "$state/$name.stamp" 2>/dev/null)" != "$stamp" ] || return 0
        say "$name runs an older binary or other settings: restarting it"
        down "$name"
    fi
    setsid "$@" >>"$state/$name.log" 2>&1 </dev/null 9>&- &
    pid=$!
    echo "$pid $(started_at "$pid")" >"$state/$name.pid"
    echo "$stamp" >"$state/$name.stamp"
}

# down NAME: asks the process to stop and waits for it, at most 20 s, then ends it.
down() {
    local pid signal=TERM
    # PostgreSQL waits for its clients on SIGTERM.
    [ "$1" != postgres ] || signal=INT
    if is_up "$1"; then
        read -r pid _ <"$state/$1.pid"
        kill "-$signal" "$pid"
        for _ in $(seq 200); do is_up "$1" || break; sleep 0.1; done
        if is_up "$1"; then kill -KILL "$pid"; fi
        say "stopped $1"
    fi
    rm -f "$state/$1.pid"
}

# until_ok NAME PORT COMMAND…: repeats COMMAND for up to 60 s. Only NAME's own process counts: it must run, and hold PORT.
until_ok() {
    local name=$1 port=$2
    shift 2
    for _ in $(seq 300); do
        is_up "$name" || complain_of "$name ended"
        if holds "$name" "$port" && "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    complain_of "$name did not come up within 60 s"
}

# complain_of "NAME …": ends the script with these words and the last lines of NAME's log.
complain_of() { die "$1; the end of $state/${1%% *}.log:"$'\n'"$(tail -n 12 "$state/${1%% *}.log")"; }
