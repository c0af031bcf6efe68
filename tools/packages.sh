#!/usr/bin/env bash
# tools/packages.sh PACKAGE...
#
# Installs Debian packages. Root gets them at once; anyone else is told the one command to run,
# and the exit code is 3 (something is missing), as everywhere in Leeward.
set -euo pipefail

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    {
        echo "Missing on this machine: $*"
        echo "Run this once, then try again:"
        echo
        echo "    sudo $(realpath "$0") $*"
    } >&2
    exit 3
fi

# Debian's PostgreSQL starts a server of its own when it is installed. The tests bring their
# own, so none is made while this script installs.
quiet=/etc/postgresql-common/createcluster.d/leeward-tests.conf
mkdir -p "$(dirname "$quiet")"
trap 'rm -f "$quiet"' EXIT
echo "create_main_cluster = false" >"$quiet"

export DEBIAN_FRONTEND=noninteractive
echo "Installing $*" >&2
apt-get update -q >&2
apt-get install -y -q --no-install-recommends "$@" >&2
