#!/usr/bin/env bash
# Runs everything that has to hold before a change is kept, from a clean clone:
# formatting, vet, staticcheck, every Go test under the race detector, types and
# tests of the browser's modules, FHIR validation, a real browser, the documents.
#
#   sudo ./deploy/test.sh            all of it
#   ./deploy/test.sh browser fhir    only the steps named (see the end of the file)
#
# What is missing it installs, and says so: Debian packages (that needs root or
# sudo), npm packages below emergency/e2e/node_modules, staticcheck in the cache
# of the user. It changes nothing else outside artifacts/, which git ignores.
# Nothing is skipped: a test that skips itself counts as failed.
#
#   FUZZTIME=10s    also fuzzes every target for that long, beyond its seeds
set -euo pipefail
set -m # each step is a process group of its own, so that it can be ended whole
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly staticcheck_version=v0.8.2
readonly node_minimum=20.19.0
readonly packages=(
  age chromium chromium-headless-shell curl fonts-noto-cjk fonts-noto-core gcc git jq libc6-dev
  openssh-client openssl poppler-utils sqlite3 strace unzip zbar-tools
)

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/locket-test
work=$(mktemp -d)
artifacts=$PWD/artifacts
e2e=emergency/e2e
only=("$@")
passed=0
failed=0
group=0

export LOCKET_BIN=$work/locket
export TMPDIR=$work/tmp # whatever is left in it goes with the rest
mkdir "$TMPDIR"
export LOCKET_ARTIFACTS=$artifacts
export PATH=$PATH:/usr/local/go/bin

cleanup() {
  if ((group)); then kill -- "-$group" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

say() { printf '%s\n' "$*"; }

die() {
  say "test.sh: $*" >&2
  exit 1
}

# at_least A B: version A is B or newer.
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1) == "$2" ]]; }

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root or sudo for: $*"
  fi
}

# install_packages brings what Debian has; on another system it only looks.
install_packages() {
  local missing=() name
  if command -v dpkg-query >/dev/null; then
    for name in "${packages[@]}"; do
      [[ $(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
    done
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    if ((${#missing[@]})); then
      say "installs Debian packages: ${missing[*]}"
      as_root apt-get update -q >"$work/apt.log" 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >>"$work/apt.log" 2>&1 ||
        { tail -20 "$work/apt.log" >&2; die "apt-get could not install: ${missing[*]}"; }
    fi
  fi
  for name in age chromium chromium-headless-shell curl gcc git jq node npm openssl pdfinfo pdftoppm sqlite3 ssh-agent strace unzip zbarimg; do
    command -v "$name" >/dev/null || die "$name is missing; it comes with one of these Debian packages: ${packages[*]} nodejs npm"
  done
  at_least "$(node --version | tr -d v)" "$node_minimum" ||
    die "Node $(node --version) is too old: $node_minimum or newer is needed (https://nodejs.org, or Debian 13)"
  command -v go >/dev/null || die "Go is missing: go.mod names the version (https://go.dev/dl)"
}

# install_modules brings the exact npm packages of the lock file; their install
# scripts never run.
install_modules() {
  local have=$e2e/node_modules/.installed
  if ! cmp -s "$e2e/package-lock.json" "$have"; then
    say "installs npm packages in $e2e/node_modules"
    npm ci --prefix "$e2e" --ignore-scripts --no-audit --no-fund --loglevel=error >"$work/npm.log" 2>&1 ||
      { tail -20 "$work/npm.log" >&2; die "npm ci failed"; }
    cp "$e2e/package-lock.json" "$have"
  fi
}

install_staticcheck() {
  staticcheck=$cache/staticcheck-$staticcheck_version/staticcheck
  if [[ ! -x $staticcheck ]]; then
    say "installs staticcheck $staticcheck_version in $(dirname "$staticcheck")"
    GOBIN=$(dirname "$staticcheck") GOFLAGS='' go install "honnef.co/go/tools/cmd/staticcheck@$staticcheck_version" >"$work/staticcheck.log" 2>&1 ||
      { tail -20 "$work/staticcheck.log" >&2; die "go install staticcheck failed"; }
  fi
}

wanted() {
  ((${#only[@]})) && [[ $1 != build ]] || return 0 # later steps run what build made
  local name
  for name in "${only[@]}"; do [[ $name == "$1" ]] && return 0; done
  return 1
}

# step NAME COMMAND... runs one command in a process group of its own, keeps what
# it prints, and shows it only when it fails. A command that counts its tests
# leaves "PASSED FAILED" in $work/count; any other counts as one.
step() {
  local name=$1 started=$SECONDS status=0 good=1 bad=0
  shift
  wanted "$name" || return 0
  rm -f "$work/count"
  ("$@") >"$artifacts/log/$name.txt" 2>&1 &
  group=$!
  wait "$group" || status=$?
  kill -- "-$group" 2>/dev/null || true # whatever the step left behind
  group=0
  if [[ -f $work/count ]]; then read -r good bad <"$work/count"; fi
  if ((status && !bad)); then
    ((good)) && [[ -f $work/count ]] || good=0
    bad=1
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
  printf '%-4s %-12s %4d s  %d passed, %d failed\n' "$( ((bad)) && echo FAIL || echo ok)" "$name" $((SECONDS - started)) "$good" "$bad"
  if ((bad)); then tail -n 120 "$artifacts/log/$name.txt" | sed 's/^/    /'; fi
}

format() {
  local files
  files=$(find . -name '*.go' -not -path '*/node_modules/*' -print0 | xargs -0 gofmt -l)
  if [[ -n $files ]]; then
    printf 'not formatted:\n%s\n' "$files"
    return 1
  fi
}

build() { go build -trimpath -o "$LOCKET_BIN" ./cmd/locket && "$LOCKET_BIN" version; }

# offline_verifier builds the program for those who have no Locket: without C, below 10 MB.
offline_verifier() {
  local program=$work/locket-verify size
  CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$program" ./cmd/locket-verify
  size=$(stat -c %s "$program")
  say "$size bytes"
  ((size < 10000000))
  ! ldd "$program" 2>/dev/null | grep -q '=>'
  go list -deps ./cmd/locket-verify >"$work/deps"
  ! grep -E '^(net/http|database/sql|github.com/mattn/go-sqlite3)$' "$work/deps"
}

# go_tests runs every package and counts; fuzz targets run their seeds here. There is memory enough to collect garbage less often, and packages that wait
# leave room for a third.
go_tests() { GOGC=300 counted -race -p 3 -timeout 9m ./...; }

# foreign_log checks the log with programs that others wrote, from a module of its own: the product has none of their code.
foreign_log() {
  cd audit/foreign
  go vet ./...
  "$staticcheck" ./...
  local status=0
  counted -count=1 -timeout 5m ./... || status=$?
  jq -r 'select(.Action == "pass" and .Test != null) | "ok   \(.Test) \(.Elapsed) s"' "$work/go.json"
  return "$status"
}

# counted ARGUMENT... runs go test.
counted() {
  local status=0 out=$work/go.json
  go test -json "$@" >"$out" || status=$?
  jq -rs '[.[] | select(.Test != null)] | "\(map(select(.Action == "pass")) | length) \(map(select(.Action == "fail" or .Action == "skip")) | length)"' "$out" >"$work/count"
  jq -r 'select(.Action == "build-output") | .Output' "$out"
  jq -rs '(map(select((.Action == "fail" or .Action == "skip") and .Test != null) | .Package + " " + .Test) | unique) as $bad
    | .[] | select(.Action == "output" and (.Package + " " + (.Test // "")) as $t | $bad | index($t)) | .Output' "$out" | sed '/^$/d'
  jq -r 'select(.Action == "skip" and .Test != null) | "skipped: \(.Package) \(.Test)"' "$out"
  jq -r 'select(.Action == "fail" and .Test == null) | "FAIL \(.Package)"' "$out"
  if jq -es 'any(.[]; .Action == "skip" and .Test != null)' "$out" >/dev/null; then status=1; fi
  return "$status"
}

# node_tests FILE... counts like go_tests; what a skipped or unfinished test is
# called there, todo, is a failure too. at_once says how many files run beside one
# another: each has a browser and a server of its own, and waits more than it works.
# Nothing makes node end before its files do: results on their way would be dropped.
node_tests() {
  local status=0 out=$work/node.txt
  node --test --test-concurrency="${at_once:-1}" --test-timeout=240000 --test-reporter=spec "$@" >"$out" || status=$?
  cat "$out"
  awk '
    $2 == "pass"                                { good += $3 }
    $2 ~ /^(fail|cancelled|skipped|todo)$/      { bad += $3 }
    END                                         { print good + 0, bad + 0; exit bad > 0 || !good }
  ' <(grep '^ℹ ' "$out") >"$work/count" || status=1
  return "$status"
}

fuzz() {
  local dir target
  go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./... | while read -r dir; do
    grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed 's/^func //' | while read -r target; do
      say "$dir $target"
      (cd "$dir" && go test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" .)
    done
  done
}

install_packages
install_modules
install_staticcheck
mkdir -p "$artifacts/log"
started=$SECONDS

step format format
step vet go vet ./...
step staticcheck "$staticcheck" ./...
step build build
step verifier offline_verifier
step go go_tests
step foreignlog foreign_log
step types "$e2e"/node_modules/.bin/tsc -p "$e2e"
step modules node_tests static/js/test/*.test.mjs
step foreign node_tests "$e2e"/foreign.test.mjs
step fhir node_tests "$e2e"/fhir.test.mjs
at_once=3 step browser node_tests "$e2e"/browser/*.test.mjs
step documents node_tests "$e2e"/documents.test.mjs
step bench "$LOCKET_BIN" bench --smoke
step print "$LOCKET_BIN" bench print --modules "$e2e"
if [[ -n ${FUZZTIME:-} ]]; then step fuzz fuzz; fi

((passed + failed > 1 || ${#only[@]} == 0)) || die "no such step: ${only[*]}"
say "took $((SECONDS - started)) s; logs and pictures are in artifacts/"
say "$passed passed, $failed failed"
((failed == 0))
