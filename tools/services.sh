#!/usr/bin/env bash
# tools/services.sh start | stop | status | url | run COMMAND...
#
# A PostgreSQL 15 server for the tests: its own cluster in .services/pg, on the loopback
# address only, with a password made for it. `run` starts it, runs the command with
# LEEWARD_TEST_POSTGRESQL set, and stops it again unless it was running before.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
state="$root/.services/pg"
bin=/usr/lib/postgresql/15/bin
first_port="${LEEWARD_TEST_PORT:-54329}"

# PostgreSQL refuses to run as root, so there it runs as the user that its package made.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && exec setpriv --reuid postgres --regid postgres --init-groups "$@")
    else
        "$@"
    fi
}

running() {
    [ -f "$state/where" ] && as_owner "$bin/pg_ctl" status -s -D "$(cat "$state/where")" >/dev/null 2>&1
}

free_port() {
    python="$("$root/tools/python.sh")"
    "$python" - "$first_port" <<'PYTHON'
import socket, sys

first = int(sys.argv[1])
for port in range(first, first + 100):
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
else:
    sys.exit("no port from %d on is free" % first)
PYTHON
}

make_cluster() {
    mkdir -p "$state"
    chmod 700 "$root/.services"
    local data="$state/data"
    if [ "$(id -u)" -eq 0 ]; then
        chmod 711 "$root/.services" "$state"
        if ! as_owner test -x "$state"; then
            # The project lies where only root may enter.
            data="$(mktemp -d /tmp/leeward-pg.XXXXXX)/data"
            chmod 711 "$(dirname "$data")"
        fi
        install -d -o postgres -g postgres -m 700 "$data"
    fi
    (umask 077 && head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$state/password")
    # initdb opens the file as the user it runs as.
    local handed="$data.password"
    install -m 600 "$state/password" "$handed"
    if [ "$(id -u)" -eq 0 ]; then chown postgres "$handed"; fi
    as_owner "$bin/initdb" -D "$data" --username=leeward --pwfile="$handed" --auth=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    rm "$handed"
    echo "$data" >"$state/where"
}

start() {
    running && return
    [ -x "$bin/initdb" ] || "$root/tools/packages.sh" postgresql-15
    [ -f "$state/where" ] && [ -d "$(cat "$state/where")" ] || {
        rm -rf "$state"
        make_cluster
    }
    local data port
    data="$(cat "$state/where")"
    port="$(free_port)"
    echo "$port" >"$state/port"
    # What the tests write need not survive a power cut: without fsync they take half the time.
    as_owner "$bin/pg_ctl" start -s -w -t 60 -D "$data" -l "$data/server.log" -o \
        "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off \
         -c synchronous_commit=off -c full_page_writes=off -c max_connections=60" || {
        as_owner tail -n 20 "$data/server.log" >&2
        exit 3
    }
    echo "PostgreSQL 15 for the tests is running on 127.0.0.1:$port" >&2
}

stop() {
    running || return 0
    as_owner "$bin/pg_ctl" stop -s -w -m fast -D "$(cat "$state/where")"
    echo "PostgreSQL 15 for the tests is stopped" >&2 || true
}

url() {
    echo "postgresql+psycopg://leeward:$(cat "$state/password")@127.0.0.1:$(cat "$state/port")/postgres"
}

remove() {
    stop
    if [ -f "$state/where" ]; then
        local data
        data="$(cat "$state/where")"
        case "$data" in /tmp/leeward-pg.*/data) rm -rf "$(dirname "$data")" ;; esac
    fi
    rm -rf "$root/.services"
}

run() {
    if ! running; then
        trap stop EXIT
        # Nor may a reader of the output that has gone away keep the server from being stopped.
        trap '' PIPE
        # A signal ends the command first; leaving through EXIT then stops the server.
        trap 'exit 130' INT
        trap 'exit 143' TERM
    fi
    start
    LEEWARD_TEST_POSTGRESQL="$(url)" "$@"
}

case "${1:-}" in
start | stop | url | remove) "$1" ;;
status) if running; then echo "running"; else echo "stopped"; fi ;;
run) shift && run "$@" ;;
*) echo "usage: tools/services.sh start | stop | status | url | remove | run COMMAND..." >&2 && exit 2 ;;
esac
