# Shared by the scripts: strict mode, the repository's root, messages. Source it, do not run it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PATH="$PATH:/opt/swift/usr/bin:/usr/lib/postgresql/15/bin:/opt/prometheus/usr/bin"

say() { if [ -t 2 ]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Prints the comment block at the top of the calling script.
usage() { sed -n '2,/^$/{s/^# \{0,1\}//p}' "$0"; exit "${1:-0}"; }
