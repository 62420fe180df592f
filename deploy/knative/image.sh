#!/usr/bin/env bash
# image.sh: builds the functions' image with ko, pushes it to KO_DOCKER_REPO, and names it by
# its digest in kustomization.yaml. KO_DEFAULTBASEIMAGE chooses what it stands on.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
cd "$here/../.."
say() { echo "knative-image: $*" >&2; }
[ -n "${KO_DOCKER_REPO:-}" ] || { say 'KO_DOCKER_REPO is not set: name where images go, such as KO_DOCKER_REPO=registry.shop.example/comptoir/functions' && exit 2; }
ko=$(command -v ko) || { say 'ko is missing: go install github.com/google/ko@v0.19.1' && exit 1; }
image=$("$ko" build --bare --sbom none ./functions/cmd/knative)
[[ $image =~ ^(.+)@(sha256:[0-9a-f]{64})$ ]] || { say "ko answered $image, which is no image with a digest" && exit 1; }
sed -i -E "s|^( *newName: ).*( # make knative-image)$|\1${BASH_REMATCH[1]}\2|; s|^( *)(newTag\|digest): .*( # make knative-image)$|\1digest: ${BASH_REMATCH[2]}\3|" "$here/kustomization.yaml"
echo "$image"
