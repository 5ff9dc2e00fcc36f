# Writes what `scripts/run --env` prints, and sets $settings, by which a restart is decided. Source when all is exported.

# shellcheck disable=SC2016  # the expansions are for others
# Every setting that the binaries know and the environment gives, as shell text. Some are secrets: nobody else may read it.
settings=$(
    { "$bin/worker" --list-settings; "$bin/submitter" config --list-settings; } | sed -n 's/^| `\([A-Z0-9_]*\)`.*/\1\n\1_FILE/p' | sort -u |
        while read -r name; do
            [ -z "${!name:-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
        done
)
(
    umask 077
    # shellcheck disable=SC2016
    printf 'export PATH=%q:"$PATH" STATE_DIR=%q SERVICE_URL=%q\n%s\n' "$bin" "$state" "$SERVICE_URL" "$settings" >"$state/env"
)
# A file of settings may have changed under its name.
[ -z "${CONFIG_FILE:-}" ] || settings+=$(cksum "$CONFIG_FILE")
