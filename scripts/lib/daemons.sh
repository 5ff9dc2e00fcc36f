# Starting and stopping the private processes of scripts/run. Source after common.sh; needs $state, a folder.

# Field 22 of /proc/PID/stat: with the pid it names one process for ever, so that a reused pid is never stopped.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# is_up NAME: whether the process that NAME.pid names still runs.
is_up() {
    local pid start
    [ -f "$state/$1.pid" ] && read -r pid start <"$state/$1.pid" && [ "$(started_at "$pid")" = "$start" ]
}

# up NAME COMMAND…: starts COMMAND detached, output to NAME.log, unless it runs.
up() {
    local name=$1
    shift
    is_up "$name" && return
    setsid "$@" >>"$state/$name.log" 2>&1 </dev/null &
    local pid=$!
    echo "$pid $(started_at "$pid")" >"$state/$name.pid"
}

# down NAME [SIGNAL]: asks the process to stop and waits for it, at most 20 s, then ends it.
down() {
    local pid start
    if is_up "$1"; then
        read -r pid start <"$state/$1.pid"
        kill "-${2:-TERM}" "$pid"
        for _ in $(seq 200); do is_up "$1" || break; sleep 0.1; done
        if is_up "$1"; then kill -KILL "$pid"; fi
        say "stopped $1"
    fi
    rm -f "$state/$1.pid"
}

# port NAME FIRST: the port NAME got at the first start, from FIRST upwards.
port() {
    if [ ! -f "$state/$1.port" ]; then
        local p=$2
        while (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; do p=$((p + 1)); done
        echo "$p" >"$state/$1.port"
    fi
    cat "$state/$1.port"
}

# until_ok WHAT COMMAND…: repeats COMMAND for up to 60 s.
until_ok() {
    local what=$1
    shift
    for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
    die "$what did not come up within 60 s; its log is in $state"
}
