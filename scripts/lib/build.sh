# Builds the release binaries and prints their folder. Sourced after common.sh.
say "building (the first time takes 5 to 10 minutes)"
swift build -c release --product worker >&2
swift build -c release --product submitter >&2
swift build -c release --show-bin-path
