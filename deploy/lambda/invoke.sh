#!/usr/bin/env bash
# invoke.sh [--with sam|emulator] FUNCTION EVENT: invokes a function of Lambda on this
# machine with the payload in the file EVENT, and prints its answer. The settings are
# those of the environment (docs/configuration.md): KAFKA_BOOTSTRAP_SERVERS,
# MONGODB_URI, CURRENCY and so on.
#
# With `sam local invoke`, in a container, where a Docker engine answers and has the
# image of Lambda's system or can fetch it; otherwise the same bootstrap under the Runtime
# Interface Emulator.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
say() { echo "lambda-invoke: $*" >&2; }
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$here/invoke.sh"; }
with=''
while [ $# -gt 0 ]; do
	case $1 in
	--with) with=${2:?sam or emulator} && shift ;;
	-h | --help) usage && exit ;;
	*) break ;;
	esac
	shift
done
[ $# = 2 ] || { usage >&2 && exit 2; }
function=$1 event=$2
[ -r "$event" ] || { say "$event cannot be read: name a payload, such as functions/testdata/lambda/$function.json" && exit 2; }
event=$(cd "$(dirname "$event")" && pwd -P)/${event##*/}
cd "$here/../.."
functions=$(sed -n 's/^ *FUNCTION: //p' template.yaml)
grep -qx -- "$function" <<<"$functions" || { say "there is no function $function: it is one of" $functions && exit 2; }

case $(uname -m) in
x86_64) arch=x86_64 ;;
aarch64 | arm64) arch=arm64 ;;
*) say "Lambda has no machines such as this one ($(uname -m))" && exit 1 ;;
esac
image=public.ecr.aws/lambda/provided:al2023-$arch
work=$(mktemp -d) pid=''
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
export CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -trimpath -tags=lambda.norpc -ldflags=-s"

engine() { # whether sam local invoke can run here
	docker info >/dev/null 2>&1 || { say 'no Docker engine answers' && return 1; }
	docker image inspect "$image" >/dev/null 2>&1 || docker pull -q "$image" >/dev/null 2>&1 || { say "the Docker engine cannot fetch $image" && return 1; }
}

# logical ID of the function in template.yaml: product-winners is ProductWinners
logical() { sed -E 's/(^|-)(.)/\U\2/g' <<<"$1"; }

with_sam() {
	local id
	id=$(logical "$function")
	"$here/sam.sh" python "$here/environment.py" template.yaml "$id" >"$work/env.json"
	"$here/sam.sh" sam build "$id" -b "$work/build" --parameter-overrides "Architecture=$arch" >"$work/log" 2>&1 || { cat "$work/log" >&2 && exit 1; }
	"$here/sam.sh" sam local invoke "$id" -t "$work/build/template.yaml" -e "$event" --env-vars "$work/env.json" --parameter-overrides "Architecture=$arch" \
		--skip-pull-image --add-host host.docker.internal:host-gateway
	echo
}

with_emulator() {
	local ports
	go build -o "$work/bootstrap" ./functions/cmd/lambda
	"$here/sam.sh" python -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in held))' >"$work/ports"
	read -r -a ports <"$work/ports"
	FUNCTION=$function LOG_FORMAT=${LOG_FORMAT:-json} AWS_LAMBDA_FUNCTION_NAME=$function AWS_LAMBDA_FUNCTION_TIMEOUT=120 \
		"$here/sam.sh" rie --log-level error --runtime-interface-emulator-address "127.0.0.1:${ports[0]}" --runtime-api-address "127.0.0.1:${ports[1]}" \
		"$work/bootstrap" bootstrap >&2 &
	pid=$!
	curl -fs --retry 50 --retry-connrefused --retry-delay 0 --retry-max-time 10 --max-time 130 -H 'Content-Type: application/json' --data-binary "@$event" \
		"http://127.0.0.1:${ports[0]}/2015-03-31/functions/function/invocations"
	echo
}

if [ -z "$with" ]; then
	if engine; then with=sam; else with=emulator && say 'under the Runtime Interface Emulator instead'; fi
fi
case $with in
sam) engine || exit 1 && with_sam ;;
emulator) with_emulator ;;
*) usage >&2 && exit 2 ;;
esac
