# Hands out the ports of scripts/run, each to one service; NAME.port in $state says who has which. Source after daemons.sh.

# listeners PORT: the sockets (inodes) that listen on it, on whatever address.
listeners() {
    awk -v port=":$(printf '%04X' "$1")\$" '$4 == "0A" && $2 ~ port { print $10 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null || true
}

# holds NAME PORT: whether NAME's own process listens on PORT, so that an answer from there is its own.
holds() {
    local pid inode
    is_up "$1" || return 1
    read -r pid _ <"$state/$1.pid"
    for inode in $(listeners "$2"); do
        [ -z "$(find "/proc/$pid/fd" -lname "socket:\[$inode\]" 2>/dev/null)" ] || return 0
    done
    return 1
}

# is_free NAME PORT: whether nobody listens there but NAME itself.
is_free() { holds "$1" "$2" || [ -z "$(listeners "$2")" ]; }

# owner_of PORT: the service of this folder that has it.
owner_of() {
    local file
    for file in "$state"/*.port; do
        if [ "$(cat "$file" 2>/dev/null)" = "$1" ]; then basename "$file" .port; fi
    done
}

# port NAME FIRST: the port NAME had before if it still is NAME's alone, else the first from FIRST on that nobody has or uses.
port() {
    local had p=$2
    had=$(cat "$state/$1.port" 2>/dev/null || true)
    if [ -n "$had" ] && [ "$(owner_of "$had")" = "$1" ] && is_free "$1" "$had"; then echo "$had"; return; fi
    rm -f "$state/$1.port"
    while [ -n "$(owner_of "$p")" ] || ! is_free "$1" "$p"; do p=$((p + 1)); done
    echo "$p" | tee "$state/$1.port"
}

# given NAME VARIABLE: the port that the caller wants. Who had it in this folder, and does not run, gets another.
given() {
    local p=${!2:-0} owner
    if [ "$p" = 0 ]; then unset "$2"; return; fi
    [[ $p =~ ^[1-9][0-9]{0,4}$ ]] || die "$2: expected a port, from 1 to 65535"
    is_free "$1" "$p" || die "$2=$p: another program listens on this port; name a free one, or none"
    for owner in $(owner_of "$p"); do rm -f "$state/$owner.port"; done
    echo "$p" >"$state/$1.port"
}

# Sets SERVICE_PORT and WORKER_PORT; what was given comes first.
ports() {
    given shim SERVICE_PORT
    given worker WORKER_PORT
    [ -z "${SERVICE_PORT:-}" ] || [ "$SERVICE_PORT" != "${WORKER_PORT:-}" ] || die "SERVICE_PORT and WORKER_PORT are the same"
    SERVICE_PORT=${SERVICE_PORT:-$(port shim 8007)} WORKER_PORT=${WORKER_PORT:-$(port worker 8008)}
    export SERVICE_PORT WORKER_PORT SERVICE_URL=http://127.0.0.1:$SERVICE_PORT
}
