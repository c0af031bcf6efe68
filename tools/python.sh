#!/usr/bin/env bash
# tools/python.sh
#
# Prints a Python of 3.11 or later that can make virtual environments; Debian's is installed
# where there is none.
set -euo pipefail

find_python() {
    local name
    for name in python3.11 python3.12 python3.13 python3.14 python3; do
        if "$name" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

if ! find_python; then
    "$(dirname "$0")/packages.sh" python3 python3-venv
    hash -r
    find_python || {
        echo "This system's python3 is older than 3.11; install a newer one as python3.11" >&2
        exit 3
    }
fi
