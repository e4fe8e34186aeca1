#!/bin/sh
# Sets cc-orchestrator up in Codex and Claude Code; needs only Node 20.19 or newer (in a clone also npm).
#
#   install/install.sh [setup|doctor|uninstall] [options]     install/install.sh setup --help
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
command -v node >/dev/null 2>&1 || {
  echo "cc-orchestrator needs Node 20.19 or newer: https://nodejs.org" >&2
  exit 4
}
case "${1-}" in
  setup | doctor | uninstall) command=$1; shift ;;
  *) command=setup ;;
esac
# A clone builds what is missing first; a package is complete.
if [ -f "$here/scripts/run.mjs" ]; then
  exec node "$here/scripts/run.mjs" "$command" "$@"
fi
exec node "$here/dist/cc-orchestrator.js" "$command" "$@"
