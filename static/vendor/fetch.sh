#!/bin/sh
# Fetches the vendored files again from the npm registry, as they were published, and compares them with the checksums kept here.
#
# To take another version: change VERSION, run this with --update, read what changed, and run the tests of package static.
set -eu

VERSION=3.1.4
FILES="LICENSE package.json dist/es/share.js dist/es/reader/index.js dist/reader/zxing_reader.wasm"

here=$(cd "$(dirname "$0")" && pwd)
target=$here/zxing-wasm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "zxing-wasm@$VERSION" >/dev/null
tar -xzf "zxing-wasm-$VERSION.tgz"
for file in $FILES; do
  mkdir -p "$target/$(dirname "$file")"
  cp "package/$file" "$target/$file"
done

cd "$target"
if [ "${1-}" = --update ]; then
  # shellcheck disable=SC2086 # a list of names without spaces
  sha256sum $FILES >SHA256SUMS
fi
sha256sum --check --strict SHA256SUMS
