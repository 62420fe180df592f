#!/usr/bin/env bash
# page.sh [STACK]: uploads admin/dist, or what COMPTOIR_PAGE names, to the bucket of the stack (comptoir), with a
# config.json that names the stack's API and sign-in, and tells CloudFront that
# index.html is new. It runs `aws` with the credentials of the environment.
#
# Files with a hash in their name go first and are kept for a year by browsers;
# index.html, which names them, goes last and is asked for anew each time. So nobody
# is ever sent a page whose files are not there yet. Files of older pages stay: a page
# that is open may still ask for them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
dist=${COMPTOIR_PAGE:-$here/../../admin/dist} stack=${1:-comptoir}
say() { echo "deploy-page: $*" >&2; }
aws() { if command -v aws >/dev/null; then command aws "$@"; else "$here/sam.sh" aws "$@"; fi; }
[ -r "$dist/index.html" ] || { say "there is no page in $dist" && exit 1; }

outputs=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' --output text) ||
	{ say "the stack $stack cannot be read: is its name right (STACK=…), and are the credentials of its account?" && exit 1; }
output() { # output NAME: a value of the stack
	local value
	value=$(awk -F '\t' -v name="$1" '$1 == name { print $2 }' <<<"$outputs")
	[ -n "$value" ] || { say "the stack $stack has no output $1: is it one of this template.yaml?" && exit 1; }
	echo "$value"
}
bucket=$(output PageBucket) distribution=$(output PageDistribution)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The parameters' patterns allow no character that JSON would have to escape.
printf '{"source":"api","url":".","issuer":"%s","client_id":"%s","scope":"%s","audience":"%s"}\n' \
	"$(output JwtIssuer)" "$(output SignInClientId)" "$(output SignInScope)" "$(output JwtAudience)" >"$work/config.json"

types=(html 'text/html; charset=utf-8' js 'text/javascript; charset=utf-8' css 'text/css; charset=utf-8' svg image/svg+xml json application/json
	woff2 font/woff2 png image/png webmanifest application/manifest+json)
upload() { # upload FROM TO CACHE-CONTROL: the files in one folder, each with its own content type
	local i from=$1 to=$2 cache=$3
	for ((i = 0; i < ${#types[@]}; i += 2)); do
		[ -n "$(find "$from" -maxdepth 1 -name "*.${types[i]}" ! -name index.html ! -name config.json -print -quit)" ] || continue
		aws s3 cp "$from" "s3://$bucket/$to" --recursive --only-show-errors --exclude '*' --include "*.${types[i]}" --exclude '*/*' \
			--exclude index.html --exclude config.json --content-type "${types[i + 1]}" --cache-control "$cache"
	done
}
upload "$dist/assets" assets/ 'public, max-age=31536000, immutable'
upload "$dist" '' no-cache
aws s3 cp "$work/config.json" "s3://$bucket/config.json" --only-show-errors --content-type application/json --cache-control no-cache
aws s3 cp "$dist/index.html" "s3://$bucket/index.html" --only-show-errors --content-type 'text/html; charset=utf-8' --cache-control no-cache
aws cloudfront create-invalidation --distribution-id "$distribution" --paths / /index.html /config.json --query Invalidation.Status --output text >/dev/null
echo "The page is at $(output PageUrl)"
