# Shared by up.sh, down.sh and what they call; sourced, not run.

# say writes to a person: stdout is for the addresses alone.
say() { echo "servers: $*" >&2; }

# fail SENTENCE [LOG]: ends, with the end of a log where there is one.
fail() {
	[ -z "${2:-}" ] || [ ! -s "$2" ] || tail -n 20 "$2" >&2
	say "$1${2:+ (the whole log: $2)}"
	exit 1
}

need() { # need COMMAND WHAT-TO-DO
	command -v "$1" >/dev/null || fail "$1 is missing: $2"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # listens PORT

# ours PIDFILE TEXT: whether that process still is the one that was started, by
# a text of its command line. A pid is used again by others sooner or later.
ours() {
	local pid
	[ -s "$1" ] && pid=$(head -n1 "$1") && tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$2"
}

# stop PIDFILE TEXT SIGNAL: ends a process of ours and waits; after 30 s it is killed.
stop() {
	ours "$1" "$2" || return 0
	local pid
	pid=$(head -n1 "$1")
	kill "-$3" "$pid" 2>/dev/null || return 0
	for _ in $(seq 300); do
		ours "$1" "$2" || return 0
		sleep 0.1
	done
	say "process $pid did not end by itself within 30 s: it is killed"
	kill -KILL "$pid" 2>/dev/null || true
}

# certificates DIR: an authority of its own in DIR/ca.pem, and with its signature
# server.key and server.crt for 127.0.0.1; server.pem holds both.
certificates() {
	[ ! -e "$1/server.pem" ] || return 0
	need openssl 'install it, or leave --secure out'
	mkdir -p "$1"
	(
		umask 077
		openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=Comptoir test CA' -keyout "$1/ca.key" -out "$1/ca.pem"
		openssl req -newkey rsa:2048 -nodes -subj '/CN=127.0.0.1' -keyout "$1/server.key" -out "$1/server.csr"
		openssl x509 -req -days 3650 -in "$1/server.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -out "$1/server.crt" \
			-extfile <(echo 'subjectAltName=IP:127.0.0.1,DNS:localhost')
		cat "$1/server.key" "$1/server.crt" >"$1/server.pem.new"
		mv "$1/server.pem.new" "$1/server.pem"
	) >"$1/openssl.log" 2>&1 || fail 'openssl could not make the certificates' "$1/openssl.log"
}

# free PORT: waits up to 10 s, because a killed process keeps its ports for a moment.
free() {
	for _ in $(seq 40); do
		listens "$1" || return 0
		sleep 0.25
	done
	fail "port $1 is taken by another program: choose another one (see up.sh --help)"
}
