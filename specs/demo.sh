#!/bin/sh
# What `make demo` does: plan, apply that very plan, look, fetch the page. A second run finds nothing to do.
set -eu
cd "$(dirname "$0")/.."
eeveon=.venv/bin/eeveon

status=0
plan=$($eeveon plan -e demo) || status=$?
printf '%s\n' "$plan"
case $status in
  0) ;;                              # nothing to do
  2) $eeveon apply "${plan##* }" ;;  # the plan's id is its last word
  *) exit "$status" ;;
esac

echo
$eeveon status -e demo
echo
$eeveon status -e demo --format json | .venv/bin/python specs/programs/fetch.py web

cat <<'END'

This runs on when the terminal is closed. What to try next, with .venv/bin on your PATH:

  change GREETING in specs/demo/web.yaml, then
  eeveon plan -e demo          what an apply would do, and why
  eeveon apply -e demo         asks, then replaces the instances one at a time
  eeveon logs web -e demo      what they wrote
  eeveon history -e demo       what was applied, by whom, and how it ended
  eeveon destroy -e demo       takes it all down; so does `make demo-down`

docs/tutorial.md goes on from here in ten minutes.
END
