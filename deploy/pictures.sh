#!/usr/bin/env bash
# Makes the pictures of the README anew, from a run of the browser tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

./deploy/test.sh browser
for picture in reader card sheet; do
  install -D -m 0644 "artifacts/readme-$picture.png" "deploy/docs/img/$picture.png"
done
