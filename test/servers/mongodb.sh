#!/usr/bin/env bash
# mongodb.sh DIR PORT PROTOCOL CACHE: a server of MongoDB's protocol on 127.0.0.1:
# FerretDB in front of PostgreSQL with the DocumentDB extension, for machines that
# have packages and no images. PROTOCOL is PLAINTEXT or SASL_SSL, which is TLS; a
# user with a password there is always. Run again it starts only what is not
# running. up.sh calls it.
set -euo pipefail
cd "$(dirname "$0")"
source ./lib.sh
export LC_ALL=C
dir=$1 port=$2 protocol=$3 cache=$4
sqlport=$((port + 1))
suite=${COMPTOIR_DEBIAN_SUITE:-forky} ferretdb_version=v2.7.0
root=$cache/postgresql
libs=$root/usr/lib/$(uname -m)-linux-gnu
bin=$root/usr/lib/postgresql/18/bin

# PostgreSQL comes with a libc of its own into a folder of the cache: nothing is
# installed on the machine, and its release does not matter.
fetch_postgresql() {
	[ "$(cat "$root.complete" 2>/dev/null)" != "$suite" ] || return 0
	need apt-get 'no Debian here: use Docker Compose instead (up.sh --compose)'
	say 'fetching PostgreSQL with DocumentDB (once, half a minute)'
	local apt=$cache/apt log=$cache/postgresql.log mirror ld f
	rm -rf "$root" "$root.complete" "$apt"
	mkdir -p "$root" "$apt/lists/partial" "$apt/archives/partial"
	: >"$apt/status"
	mirror() { apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -v security | sort -u | head -n1; }
	mirror=$(mirror)
	if [ -z "$mirror" ] && [ "$(id -u)" = 0 ]; then
		apt-get -qq update >"$log" 2>&1 || fail 'apt-get could not update its lists' "$log"
		mirror=$(mirror)
	fi
	[ -n "$mirror" ] || fail 'apt-get knows no mirror: run `apt-get update` first'
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources"
	local get=(apt-get -qy -o "Dir::State::status=$apt/status" -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt"
		-o "Dir::Etc::sourcelist=$apt/sources" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- -o Debug::NoLocking=1
		-o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Acquire::Retries=3 -o Acquire::Languages=none)
	"${get[@]}" update >"$log" 2>&1 && "${get[@]}" --download-only install postgresql-18-documentdb patchelf >>"$log" 2>&1 ||
		fail 'PostgreSQL could not be fetched' "$log"
	for f in "$apt"/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$f" | tar -x -C "$root" --no-same-owner --keep-directory-symlink --exclude='./usr/share/'{doc,locale,man}'/*'
	done
	ld=$(echo "$libs"/ld-linux-*.so.*)
	patch() { "$ld" --library-path "$libs" "$root/usr/bin/patchelf" --force-rpath "$@"; }
	for f in postgres initdb psql; do patch --set-interpreter "$ld" --set-rpath "$libs" "$bin/$f"; done
	# The extension's libraries look for PostgreSQL's own beside the system's.
	for f in "$root"/usr/lib/postgresql/18/lib/pg_documentdb*.so; do patch --set-rpath "$libs:${f%/*}" "$f"; done
	# What PostGIS's installation script would do.
	for f in "$root"/usr/share/postgresql/18/extension/*-3.control; do ln -sf "${f##*/}" "${f%-3.control}.control"; done
	"$bin/postgres" --version >>"$log" 2>&1 || fail 'PostgreSQL does not start' "$log"
	rm -rf "$apt"
	echo "$suite" >"$root.complete"
}

fetch_ferretdb() {
	[ "$(cat "$cache/ferretdb.complete" 2>/dev/null)" != "$ferretdb_version" ] || return 0
	need go 'install Go'
	say "building FerretDB $ferretdb_version (once, up to 3 minutes)"
	(cd / && GOFLAGS=-buildvcs=false GOBIN=$cache go install "github.com/FerretDB/FerretDB/v2/cmd/ferretdb@$ferretdb_version") >"$cache/ferretdb.log" 2>&1 ||
		fail 'FerretDB could not be built' "$cache/ferretdb.log"
	echo "$ferretdb_version" >"$cache/ferretdb.complete"
}

umask 022
mkdir -p "$cache" "$dir/data"
(flock 9 && fetch_postgresql && fetch_ferretdb) 9>"$cache/mongodb.lock"

# PostgreSQL refuses to run as root. It runs as nobody then, who may read what
# root may (its packages can lie in root's closed home), and write its data alone.
as=()
if [ "$(id -u)" = 0 ]; then
	need setpriv 'install util-linux'
	as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups --securebits=+no_setuid_fixup --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search)
	chown nobody "$dir/data"
fi
[ -s "$dir/password" ] || (umask 077 && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$dir/password")
PGPASSWORD=$(cat "$dir/password")
export PGPASSWORD
sql() { "$bin/psql" -h 127.0.0.1 -p "$sqlport" -U comptoir -d postgres -qAtX -v ON_ERROR_STOP=1 -c "$1"; }

lay_out() {
	rm -rf "$dir"/data/* # an initdb that was interrupted leaves a half
	"${as[@]}" "$bin/initdb" -D "$dir/data" -U comptoir -A scram-sha-256 --pwfile="$dir/password" -E UTF8 --locale=C \
		>"$dir/initdb.log" 2>&1 || fail 'PostgreSQL could not lay out its data' "$dir/initdb.log"
	cat >>"$dir/data/postgresql.conf" <<-END
		shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
		cron.database_name = 'postgres'
		cron.use_background_workers = on
		cron.log_run = off
		listen_addresses = '127.0.0.1'
		unix_socket_directories = ''
		jit = off
		shared_buffers = '256MB'
		max_wal_size = '2GB'
		deadlock_timeout = '100ms'
	END
}

start_postgresql() {
	! ours "$dir/data/postmaster.pid" "$dir/data" || return 0
	# Every process of a cluster works in its data directory. A postmaster that was
	# killed leaves them for a moment, and a lock file that they may mistake. One of
	# them that waits for a lock does not see that it is gone; it may be killed too,
	# since nothing may use their shared memory any more.
	local i left
	for i in $(seq 300); do
		left=$(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$dir/data" 2>/dev/null | cut -d/ -f3) || true # processes come and go meanwhile
		[ -n "$left" ] || break
		[ "$i" != 300 ] || fail "old processes of PostgreSQL remain in $dir/data: end them"
		# shellcheck disable=SC2086 # one word for each process
		[ "$i" != 100 ] || kill -9 $left 2>/dev/null || true
		sleep 0.1
	done
	rm -f "$dir/data/postmaster.pid"
	free "$sqlport"
	[ -e "$dir/complete" ] || lay_out
	setsid "${as[@]}" "$bin/postgres" -D "$dir/data" -p "$sqlport" >>"$dir/postgresql.log" 2>&1 </dev/null &
	local pid=$!
	for i in $(seq 1200); do
		! sql 'select 1' >/dev/null 2>&1 || break
		{ [ "$i" != 1200 ] && kill -0 "$pid" 2>/dev/null; } || fail 'PostgreSQL did not start' "$dir/postgresql.log"
		sleep 0.1
	done
	[ -e "$dir/complete" ] || sql 'set client_min_messages = error; create extension if not exists documentdb cascade'
	touch "$dir/complete"
}

start_ferretdb() {
	! ours "$dir/ferretdb.pid" "--state-dir=$dir" || return 0
	free "$port"
	local listen=("--listen-addr=127.0.0.1:$port")
	if [ "$protocol" = SASL_SSL ]; then
		certificates "$dir/tls"
		listen=(--listen-addr=- "--listen-tls=127.0.0.1:$port" "--listen-tls-cert-file=$dir/tls/server.crt" "--listen-tls-key-file=$dir/tls/server.key")
	fi
	FERRETDB_POSTGRESQL_URL="postgres://comptoir:$PGPASSWORD@127.0.0.1:$sqlport/postgres?pool_max_conns=40" DO_NOT_TRACK=1 \
		setsid "$cache/ferretdb" "${listen[@]}" --debug-addr=- --state-dir="$dir" --telemetry=disable --log-level=WARN \
		>>"$dir/ferretdb.log" 2>&1 </dev/null &
	echo $! >"$dir/ferretdb.pid"
	for _ in $(seq 200); do
		! listens "$port" || return 0
		kill -0 "$(cat "$dir/ferretdb.pid")" 2>/dev/null || break
		sleep 0.1
	done
	fail 'FerretDB did not start' "$dir/ferretdb.log"
}

start_postgresql
start_ferretdb
tls=''
# Alone it turns TLS on too, and a line without & needs no quotes in a shell.
[ "$protocol" != SASL_SSL ] || tls="?tlsCAFile=$dir/tls/ca.pem"
echo "MONGODB_URI=mongodb://comptoir:$PGPASSWORD@127.0.0.1:$port/$tls"
