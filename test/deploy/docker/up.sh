#!/usr/bin/env bash
# up.sh DIR: starts a Docker engine of its own for tests, with all that it keeps in DIR, and
# prints its address
# as DOCKER_HOST=… and that of the machine as its containers see it as DOCKER_GATEWAY=…. It makes the image that `sam local invoke` wants
# as Lambda's system, from nothing but a static busybox and certificates, so that
# nothing is fetched: it stands for the protocol, not for that system. It needs root,
# Debian's docker.io and busybox-static. down.sh DIR ends it.
set -euo pipefail
dir=${1:?a folder}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)
say() { echo "docker: $*" >&2; }
dockerd=$(command -v dockerd || true) docker=$(command -v /usr/bin/docker || command -v docker || true)
busybox=$(command -v busybox || true) gateway=172.31.241.1 certificates=/etc/ssl/certs/ca-certificates.crt
[ "$(id -u)" = 0 ] || { say 'an engine wants root' && exit 77; }
[ -n "$dockerd" ] && [ -n "$docker" ] || { say 'dockerd is missing: install docker.io' && exit 77; }
[ -n "$busybox" ] || { say 'busybox is missing: install busybox-static' && exit 77; }

export DOCKER_HOST=unix://$dir/docker.sock
if ! "$docker" info >/dev/null 2>&1; then
	# Containers see the machine at the gateway's address, and nothing beyond it.
	"$dockerd" --host "$DOCKER_HOST" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/docker.pid" \
		--bip "$gateway/24" --iptables=false --ip-forward=false --ip-masq=false >"$dir/log" 2>&1 </dev/null &
	echo $! >"$dir/pid"
	for i in $(seq 100); do
		! "$docker" info >/dev/null 2>&1 || break
		if [ "$i" = 100 ] || ! kill -0 "$(cat "$dir/pid")" 2>/dev/null; then
			tail -n 5 "$dir/log" >&2
			say "the engine does not start here (the whole log: $dir/log)" && exit 77
		fi
		sleep 0.2
	done
fi

case $(uname -m) in x86_64) arch=x86_64 ;; *) arch=arm64 ;; esac
image=public.ecr.aws/lambda/provided:al2023-$arch
if ! "$docker" image inspect "$image" >/dev/null 2>&1; then
	context=$dir/image
	mkdir -p "$context/bin" "$context/etc/ssl/certs" "$context/tmp" "$context/var/task" "$context/var/runtime"
	cp "$busybox" "$context/bin/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$context/bin/$applet"
	done
	[ ! -e "$certificates" ] || cp "$certificates" "$context/etc/ssl/certs/"
	chmod 1777 "$context/tmp"
	printf 'FROM scratch\nCOPY . /\nENV PATH=/bin LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime\nWORKDIR /var/task\n' >"$dir/Dockerfile"
	"$docker" build -q -t "$image" -f "$dir/Dockerfile" "$context" >&2
fi
echo "DOCKER_HOST=$DOCKER_HOST"
echo "DOCKER_GATEWAY=$gateway"
