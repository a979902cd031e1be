"""What is done on a host to one load balancer, as constant text. `{name}` is filled by `script.fill`."""

# In `about` stand lines of a key and a value: software, config, listen, unit, fields.
HEAD = r"""
B="$S/balancers/"{name}; U={units}; WANTS={wants}; pause() { sleep 0.1 2>/dev/null || sleep 1; }
about() { sed -n "s/^$1 //p" "$2/about" 2>/dev/null; }
main() { sc show -p MainPID "$UNIT" | sed -n 's/^MainPID=//p'; }
# workers: the processes that take requests, or did before a reload.
workers() {
  main=$(main); [ "${main:-0}" -gt 0 ] || return 0
  cat /proc/[0-9]*/stat 2>/dev/null | sed -n "s/^\([0-9]*\) (.*) [A-Z] $main .*/\1/p" | while read -r worker; do
    grep -qs 'cache [ml]' "/proc/$worker/cmdline" || printf '%s\n' "$worker"
  done
}
# current WORKER: whether it takes new connections. nginx says so in the name of the process; of HAProxy it is the
# youngest: the others were told to stop before it was there.
current() {
  case $(about software "$B/current") in
    nginx) ! grep -qs 'is shutting down' "/proc/$1/cmdline";;
    *) [ "$1" = "$(workers | while read -r worker; do
         printf '%s %s\n' "$(sed 's/.*) //' "/proc/$worker/stat" 2>/dev/null | cut -d ' ' -f 20)" "$worker"
       done | sort -n | tail -n 1 | cut -d ' ' -f 2)" ];;
  esac
}
is_listened_at() {
  hex=$(printf '%04X' "$1")
  grep -qs "^ *[0-9]*: [0-9A-F]*:$hex [0-9A-F]*:[0-9A-F]* 0A " /proc/net/tcp /proc/net/tcp6
}
"""

EDIT = r"""
write_failed() { rm -rf "$B/next"; refuse "cannot write in $B: is the disk full or read-only?"; }
# begin: `next` is what is in force.
begin() {
  rm -rf "$B/next"; mkdir -p "$B/next/backends" 2>/dev/null || write_failed
  [ ! -d "$B/current/" ] || cp -Rp "$B/current/." "$B/next/" || write_failed
}
# install SKELETON UNIT ABOUT SERVICES...: what is not as it was written does not come along.
install() {
  if [ "$(about software "$B/next")" = "$(printf '%s\n' "$3" | sed -n 's/^software //p')" ]; then
    ( cd "$B/next" && sha256sum -c sums 2>/dev/null ) | sed -n 's/: FAILED.*$//p' | while IFS= read -r file; do
      case "$file" in ./backends/*) rm -f "$B/next/$file";; esac
    done
  else
    rm -rf "$B/next"; mkdir -p "$B/next/backends" || write_failed
  fi
  printf '%s' "$1" > "$B/next/skeleton" && printf '%s' "$2" > "$B/next/unit" \
    && printf '%s' "$3" > "$B/next/about" || write_failed
  shift 3; served=" $* "
  for folder in "$B/next/backends/"*; do
    case "$served" in *" ${folder##*/} "*) ;; *) rm -rf "$folder";; esac
  done
}
# enter SERVICE INSTANCE TEXT
enter() {
  rm -f "$B/next/backends/"*"/$2"
  mkdir -p "$B/next/backends/$1" && printf '%s' "$3" > "$B/next/backends/$1/$2" || write_failed
}
# leave INSTANCE
leave() { rm -f "$B/next/backends/"*"/$1"; }
# must_route SERVICE: without a place for it, an instance would be in service for nobody.
must_route() {
  grep -qsx "#eeveon:backends $1" "$B/next/skeleton" || { rm -rf "$B/next"; refuse "nothing is routed to $1 on this host"; }
}
# assemble: the configuration of skeleton and backends, and the sums of all that we wrote.
assemble() { ( put_together ) || write_failed; seal; }
put_together() {
  CONFIG=$(about config "$B/next")
  while IFS= read -r line || [ -n "$line" ]; do
    case "$line" in
      '#eeveon:backends '*)
        for file in "$B/next/backends/${line#* }/"*; do [ ! -e "$file" ] || cat "$file" || exit 1; done;;
      *) printf '%s\n' "$line" || exit 1;;
    esac
  done < "$B/next/skeleton" > "$B/next/$CONFIG"
}
seal() {
  CONFIG=$(about config "$B/next"); rm -f "$B/next/sums"
  ( cd "$B/next" && find . -type f ! -name sums -exec sha256sum {} + ) > "$B/sums.new" \
    && mv -f "$B/sums.new" "$B/next/sums" || write_failed
}
# prove: the balancer's own test of it.
prove() {
  software=$(about software "$B/next")
  command -v "$software" >/dev/null || {
    rm -rf "$B/next"; refuse "$software is not installed on this host; install its package $software and apply again"
  }
  case "$software" in
    haproxy) said=$(haproxy -c -f "$B/next/$CONFIG" 2>&1 </dev/null);;
    nginx) mkdir -p "$B/proof" && said=$(nginx -t -q -p "$B/proof/" -c "$B/next/$CONFIG" 2>&1 </dev/null);;
  esac && return 0
  rm -rf "$B/refused"; mv "$B/next" "$B/refused"
  refuse "$software refuses the new configuration, and the one before stays in force: $(printf '%s\n' "$said" | complaint)"
}
# complaint: the first thing that a balancer says is wrong.
complaint() {
  grep -E 'ALERT|emerg' | sed -e 's/^.*\[ALERT\] *([0-9]*) *: *//' -e 's/^.*\[emerg\] *[0-9#: ]*//' \
    -e "s#$B/[a-z0-9.-]*/##g" | head -n 1
}
"""

PROVE = r"""
assemble
prove
printf '%s\n' {token} > "$B/token" || write_failed
"""

# The one before is kept until new workers take requests, and comes back if they do not.
COMMIT = r"""
[ -d "$B/next" ] && [ "$(cat "$B/token" 2>/dev/null)" = {token} ] || busy "somebody else changes this load balancer"
CONFIG=$(about config "$B/next"); UNIT=$(about unit "$B/next"); PORT=$(about listen "$B/next")
before=$(readlink "$B/current"); same=
[ -z "$before" ] || ! cmp -s "$B/next/$CONFIG" "$B/current/$CONFIG" || same=yes
turn() { ln -sfn "$1" "$B/current.new" && mv -fT "$B/current.new" "$B/current" || refuse "cannot write in $B"; }
new="g$(date +%s)-$$"; mv "$B/next" "$B/$new" || refuse "cannot write in $B"
turn "$new"
fresh=
if ! cmp -s "$B/current/unit" "$U/$UNIT" || [ -e "$U/$UNIT.d" ]; then
  [ "$(grep '^ExecStart=' "$U/$UNIT" 2>/dev/null)" = "$(grep '^ExecStart=' "$B/current/unit")" ] || fresh=yes
  rm -rf "$U/$UNIT.d"
  (umask 022; mkdir -p "$WANTS") && cp "$B/current/unit" "$U/$UNIT.new" && chmod 644 "$U/$UNIT.new" \
    && mv -f "$U/$UNIT.new" "$U/$UNIT" || refuse "cannot write $U/$UNIT"
  sc daemon-reload || refuse "systemd could not read its units again"
fi
[ -L "$WANTS/$UNIT" ] || ln -sfn "$U/$UNIT" "$WANTS/$UNIT" || refuse "cannot write in $WANTS"
back() {
  turn "$before"; cp "$B/current/unit" "$U/$UNIT" && sc daemon-reload 2>/dev/null
  if [ "$(active)" = active ]; then signal; else sc restart "$UNIT"; fi 2>/dev/null
}
forget_all() { sc stop "$UNIT" 2>/dev/null; rm -rf "$B" "$U/$UNIT" "$WANTS/$UNIT"; sc daemon-reload 2>/dev/null; }
active() { sc show -p ActiveState "$UNIT" | sed -n 's/^ActiveState=//p'; }
unlock
old=$(workers | tr '\n' ' ')
# taken: workers that were not there before take the requests, and no older one does.
taken() {
  is_listened_at "$PORT" || return 1
  found=1
  for worker in $(workers); do
    case " $old " in
      *" $worker "*) ! current "$worker" || return 1;;
      *) found=0;;
    esac
  done
  return $found
}
signal() {
  case $(about software "$B/current") in haproxy) number=USR2;; *) number=HUP;; esac
  sc kill --kill-who=main -s "$number" "$UNIT"
}
since=$(date '+%Y-%m-%d %H:%M:%S')
tries=0; end=$(($(date +%s) + 12))
if [ "$(active)" != active ] || [ -n "$fresh" ]; then
  # Another program cannot take over connections: the shortest gap is best, so nothing is waited for.
  sc kill -s TERM "$UNIT" 2>/dev/null; sc reset-failed "$UNIT" 2>/dev/null; old=
  sc restart "$UNIT" 2>/dev/null
elif [ -z "$same" ]; then
  signal || refuse "$UNIT cannot be told of its new configuration"
else
  tries=done
fi
until [ "$tries" = done ]; do
  if taken; then tries=done; else
    pause
    [ "$(date +%s)" -lt "$end" ] || tries=done
    if [ "$tries" = done ]; then
      said=$(journalctl -q --no-pager -o cat {journal}"$UNIT" --since "$since" 2>/dev/null | complaint)
      if [ -n "$before" ]; then back; else forget_all; fi
      refuse "no worker takes requests at port $PORT with the new configuration, so it was taken back: ${said:-see journalctl -u $UNIT}"
    fi
  fi
done
for folder in "$B"/g*; do case "${folder##*/}" in "$new"|"$before") ;; *) rm -rf "$folder";; esac; done
rm -rf "$B/refused"
"""

REMOVE = r"""
UNIT={unit}
sc stop "$UNIT" 2>/dev/null; sc reset-failed "$UNIT" 2>/dev/null
rm -rf "$B" "$WANTS/$UNIT" "$U/$UNIT" "$U/$UNIT.d"
sc daemon-reload || refuse "systemd could not read its units again"
rmdir "$S/balancers" 2>/dev/null
[ -n "$(ls -A "$S/instances" "$S/volumes" "$S/balancers" 2>/dev/null | grep -v ':$')" ] || rm -f "$S/fence"
"""

# Old workers are left where a reload let them finish; they take no new connections, but answer on those they have.
SETTLE = r"""
UNIT=$(about unit "$B/current")
stale() { for worker in $(workers); do current "$worker" || return 0; done; return 1; }
end=$(($(date +%s) + {seconds}))
while [ -n "$UNIT" ] && stale && [ "$(date +%s)" -lt "$end" ]; do pause; done
"""

DRAIN = r"""
pause() { sleep 0.1 2>/dev/null || sleep 1; }
hex=$(printf '%04X' {port}); end=$(($(date +%s) + {seconds}))
open() { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -c "^ *[0-9]*: [0-9A-F]*:$hex [0-9A-F]*:[0-9A-F]* 01 "; }
while [ "$(open)" -gt 0 ] && [ "$(date +%s)" -lt "$end" ]; do pause; done
section open; open || :
"""

# As `look` of the units: one section, a paragraph a balancer.
LOOK = r"""
look_balancers() {
  section balancers
  for B in "$S/balancers/"*; do
    [ -e "$B/current/about" ] || continue
    printf '\nbalancer %s\n' "${B##*/}"
    cat "$B/current/about" || refuse "files change while they are read"
    unit=$(sed -n 's/^unit //p' "$B/current/about")
    {
      [ -e "$B/current/sums" ] || printf './sums\n'
      ( cd "$B/current/" && sha256sum -c sums 2>/dev/null ) | sed -n 's/: FAILED.*$//p'
    } | while IFS= read -r file; do
      stat -c 'changed %Y %u %U '"$file" -- "$B/current/$file" 2>/dev/null || printf 'changed gone 0 nobody %s\n' "$file"
    done
    cmp -s "$B/current/unit" "$U/$unit" || stat -c 'changed %Y %u %U %n' -- "$U/$unit" 2>/dev/null \
      || printf 'changed gone 0 nobody %s\n' "$unit"
    sed -n 's/^# {/backend {/p' "$B/current/backends/"*/* 2>/dev/null
    sc show -p {properties} -- "$unit" | sed 's/^/state /'
  done
}
"""
