#!/usr/bin/env bash
# down.sh DIR: ends the engine that up.sh started there, and deletes all that it kept.
set -euo pipefail
dir=${1:?a folder}
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd -P)
pid=$(cat "$dir/pid" 2>/dev/null || true)
if [ -n "$pid" ] && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$dir/docker.sock"; then
	kill "$pid"
	for _ in $(seq 150); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
fi
# A network namespace that it leaves mounted.
for mount in "$dir"/exec/netns/*; do
	[ ! -e "$mount" ] || umount "$mount" 2>/dev/null || true
done
rm -rf "${dir:?}"
