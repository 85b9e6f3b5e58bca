#!/usr/bin/env bash
# From a clean clone to a search page: installs packages, builds, indexes folders and serves them.
#
#   tools/start.sh [--port N] [FOLDER...]
#
# FOLDER    folders to search; without one, examples/library
# --port N  port on 127.0.0.1 (default: $PORT, else 8080)
#
# The database is $ATTUNE_DB, else the one that every `attune` command uses. A second run installs nothing, builds only
# what changed and reads only files that changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/steps.sh
. "$here/steps.sh"

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$here/start.sh"; }

port=${PORT:-8080}
folders=()
while (($# > 0)); do
  case $1 in
    -h | --help)
      usage
      exit 0
      ;;
    --port)
      port=${2:-}
      shift 2 || { complain "--port needs a number"; exit 2; }
      ;;
    --port=*)
      port=${1#--port=}
      shift
      ;;
    -*)
      complain "start.sh does not know $1; see tools/start.sh --help"
      exit 2
      ;;
    *)
      folders+=("$1")
      shift
      ;;
  esac
done
if ((${#folders[@]} == 0)); then folders=("$ATTUNE_ROOT/examples/library"); fi

if ! [[ $port =~ ^[0-9]{1,5}$ ]] || ((10#$port < 1 || 10#$port > 65535)); then
  complain "'$port' is not a port: a number from 1 to 65535 is"
  exit 2
fi
for folder in "${folders[@]}"; do
  if [[ ! -d $folder || ! -r $folder ]]; then
    complain "There is no readable folder '$folder'."
    exit 2
  fi
done

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

base=http://127.0.0.1:$port
if port_is_taken; then
  if [[ $(curl -sm 3 "$base/healthz" 2>/dev/null) == *'"alive"'* ]]; then
    complain "Something already answers on $base, most likely an Attune that runs: open that address, or choose another port:"
  else
    complain "Another program uses port $port. Choose another one:"
  fi
  complain "  tools/start.sh --port $((10#$port % 65535 + 1))"
  exit 1
fi

say "Packages"
"$here/install_packages.sh" build run
say "Building build/release/attune"
build_preset release no-tests --target attune
attune=$ATTUNE_ROOT/build/release/attune

say "Indexing words of ${folders[*]}"
# 3: finished, but some files could not be read; they are listed.
"$attune" index --words-only "${folders[@]}" || (($? == 3))

# Runs beside the server, which takes this script's place: says how to ask as soon as there is someone to ask.
print_examples_once_ready() {
  until curl -sfo /dev/null -m 2 "$base/healthz"; do
    kill -0 $$ 2>/dev/null || return 0
    sleep 0.1
  done
  cat <<EXAMPLES

Open $base/ for a page with a search box (Ctrl-C here ends it), or ask over HTTP:

  curl -sG $base/v1/search --data-urlencode 'q=how does attention work'
  curl -sG $base/v1/search --data-urlencode 'q=注意力机制是怎么工作的'

Words can be searched now; search by meaning fills in behind, and every answer says how far it is.
EXAMPLES
}

say "Starting the server"
roots=()
for folder in "${folders[@]}"; do roots+=(--root "$folder"); done
print_examples_once_ready &
exec "$attune" serve --port "$port" "${roots[@]}"
