#!/usr/bin/env bash
# sam.sh COMMAND [ARGUMENT…]: runs sam, aws, cfn-lint, python or rie (the Runtime
# Interface Emulator) in the versions of requirements.txt. They are installed once,
# into the cache (${XDG_CACHE_HOME:-~/.cache}/comptoir), in about a minute.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
python=${PYTHON:-python3}
versions=$(sha256sum "$here/requirements.txt" | cut -c1-12)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/comptoir/sam-$versions
say() { echo "sam.sh: $*" >&2; }

install() {
	[ ! -e "$venv/complete" ] || return 0
	command -v "$python" >/dev/null || { say 'Python is missing: install Python 3.10 or later, with venv' && exit 1; }
	say "installing the tools of AWS into $venv (once, about a minute)"
	rm -rf "$venv"
	"$python" -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt" >&2 ||
		{ say 'they could not be installed: see above' && exit 1; }
	touch "$venv/complete"
}
mkdir -p "${venv%/*}"
(flock 9 && install) 9>"$venv.lock"

export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=${AWS_DEFAULT_REGION:-${AWS_REGION:-eu-west-1}}
command=${1:?sam, aws, cfn-lint, python or rie} && shift
case $command in
rie)
	machine=$(uname -m)
	exec "$venv"/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-"${machine/aarch64/arm64}" "$@"
	;;
*) exec "$venv/bin/$command" "$@" ;;
esac
