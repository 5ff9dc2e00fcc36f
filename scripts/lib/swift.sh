# Installs the Swift toolchain from swift.org into /opt/swift, signature checked. Sourced by scripts/setup where `swift` is missing.
version=6.3.1
base="https://download.swift.org/swift-$version-release/debian12/swift-$version-RELEASE"
name="swift-$version-RELEASE-debian12"
say "installing Swift $version from swift.org into /opt/swift"
as_root apt-get update -qq
as_root apt-get install -y -qq --no-install-recommends binutils libc6-dev libgcc-12-dev libstdc++-12-dev libedit2 libsqlite3-0 \
    libxml2-dev libz3-dev libncurses-dev zlib1g-dev tzdata gnupg unzip >/dev/null
tmp=$(mktemp -d)
if ! curl -fsSL "$base/$name.tar.gz" -o "$tmp/swift.tar.gz" || ! curl -fsSL "$base/$name.tar.gz.sig" -o "$tmp/swift.sig"; then
    die "cannot download Swift; install Swift 6.2 or later yourself (https://www.swift.org/install) and put it on PATH"
fi
curl -fsSL https://swift.org/keys/all-keys.asc | gpg --homedir "$tmp" --import -q - 2>/dev/null
gpg --homedir "$tmp" --verify "$tmp/swift.sig" "$tmp/swift.tar.gz" 2>/dev/null || die "the Swift download has a wrong signature"
as_root mkdir -p /opt/swift
as_root tar xzf "$tmp/swift.tar.gz" -C /opt/swift --strip-components=1
rm -rf "$tmp"
