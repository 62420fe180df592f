#!/usr/bin/env bash
# down.sh [--dir DIR] [--remove]: stops what up.sh started with that DIR, and
# nothing else; --remove deletes its data too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
source "$here/lib.sh"
dir=${XDG_CACHE_HOME:-$HOME/.cache}/comptoir/servers/default remove=''
while [ $# -gt 0 ]; do
	case $1 in
	--dir) dir=${2:?a folder} && shift ;;
	--remove) remove=1 ;;
	-h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" && exit ;;
	*) say "there is no option $1: see $0 --help" && exit 2 ;;
	esac
	shift
done
[ -d "$dir" ] || exit 0
dir=$(cd "$dir" && pwd -P)

if [ -s "$dir/compose" ]; then
	mapfile -t compose <"$dir/compose"
	"${compose[@]}" down ${remove:+-v} >&2
	rm -f "$dir/compose"
fi
# FerretDB before its PostgreSQL; the brokers side by side, because each hands over to the others.
stop "$dir/mongodb/ferretdb.pid" "--state-dir=$dir/mongodb" TERM
stop "$dir/mongodb/data/postmaster.pid" "$dir/mongodb/data" INT
for pid in "$dir"/kafka/*/pid; do
	[ ! -e "$pid" ] || stop "$pid" "${pid%pid}server.properties" TERM &
done
wait
rm -f "$dir"/mongodb/ferretdb.pid "$dir"/kafka/*/pid "$dir/servers.env"
[ -z "$remove" ] || rm -rf "${dir:?}"/{kafka,mongodb} "$dir"/*.env "$dir"/*.log "$dir/lock"
