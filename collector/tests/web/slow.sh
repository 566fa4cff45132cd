#!/usr/bin/env bash
# Slow clients, 10,000 connections of each kind, and how long a good scraper waits meanwhile.
#
#   collector/tests/web/slow.sh WEIR [SECONDS [WEB_CONFIG_FILE [TRACE]]]
#
# WEIR is the program. What is attacked is `weir run --from TRACE`, with an event trace file (.etl),
# or `weir demo` without one. An empty WEB_CONFIG_FILE is none. Needs slowhttptest, curl and python3.
# One line for each attack: scrapes, how many failed, and the median, 99th percentile and longest in
# milliseconds. A scrape has failed when it is not answered with 200 within 10 s, Prometheus's own
# limit. The exit code is 1 where one failed, or where none was made; 0 where all were answered, or
# a tool is missing. Not part of the gate: figures depend on the machine.
set -euo pipefail

weir=${1:?which weir?}
seconds=${2:-20}
config=${3:-}
trace=${4:-}
connections=10000
folder=$(mktemp -d)
children=()
cleanup() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap cleanup EXIT

for tool in slowhttptest curl python3; do
    command -v "$tool" >/dev/null || { echo "SKIPPED: $tool is not installed"; exit 0; }
done
ulimit -n "$(ulimit -Hn)"
# The server has what a process usually may open, the clients have more.
if [ -n "$trace" ]; then server=("$weir" run --from "$trace"); else server=("$weir" demo); fi
server+=(--web.listen-address 127.0.0.1:0)
[ -z "$config" ] || server+=(--web.config.file "$config")
(ulimit -n 1024 && exec "${server[@]}") >"$folder/server" 2>&1 &
children+=($!)
# It stops for good where it cannot serve; what it said is the reason.
until url=$(grep -o 'https\?://[0-9.]*:[0-9]*/metrics' "$folder/server" | head -n 1) && [ -n "$url" ]; do
    kill -0 "${children[0]}" 2>/dev/null || { cat "$folder/server" >&2; exit 1; }
    sleep 0.1
done
url=${url%/metrics}
address=${url#*://}

# Ten scrapes a second until it is told to stop.
scrape() {
    while [ ! -e "$folder/stop" ]; do
        curl --silent --insecure --max-time 10 --output /dev/null \
            --write-out '%{http_code} %{time_total}\n' "$url/metrics" || true
        sleep 0.1
    done
}

figures() {
    sort -k2 -g "$folder/times" | awk -v name="$1" '
        { all++; if ($1 != 200) failed++; times[all] = $2 * 1000 }
        END { printf "%-22s %5d scrapes %3d failed  p50 %7.1f  p99 %7.1f  longest %7.1f ms\n", name,
            all, failed, times[int((all + 1) / 2)], times[int(all * 0.99 + 0.5)], times[all]
            exit all == 0 || failed > 0 }'
}
outcome=0

# attack NAME COMMAND...: runs it beside the scraper for as long as was asked.
attack() {
    local name=$1
    shift
    rm -f "$folder/stop"
    scrape >"$folder/times" &
    local scraper=$!
    timeout "$((seconds + 5))" "$@" >"$folder/attack" 2>&1 || true
    touch "$folder/stop"
    wait "$scraper"
    figures "$name" || outcome=1
}

slow=(slowhttptest -c "$connections" -r 2000 -l "$seconds" -p 3 -u "$url/metrics")
attack "nobody" sleep "$seconds"
attack "slow heads (-H)" "${slow[@]}" -H -i 2
attack "slow bodies (-B)" "${slow[@]}" -B -i 2 -s 8192
attack "slow readers (-X)" "${slow[@]}" -X -w 1 -y 10 -n 1 -z 8 -k 3
attack "ranges (-R)" "${slow[@]}" -R -a 1 -b 3000
attack "silent connections" python3 -c '
import socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
end = time.monotonic() + float(sys.argv[3])
held = []
while time.monotonic() < end:
    if len(held) < int(sys.argv[2]):
        held.append(socket.create_connection((host, int(port)), 5))
    else:
        time.sleep(0.1)
' "$address" "$connections" "$seconds"
exit "$outcome"
