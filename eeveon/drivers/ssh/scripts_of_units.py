"""What is done on a host to one unit, as constant text. `{name}` is filled by `script.fill`, `${name}` is the shell's."""

HEAD = r"""
U={units}; RUN={runtime}; ROOT={root}; NAME={name}; TEMPLATE={template}; UNIT={unit}; WANTS={wants}
R="$S/instances/$NAME"; E="$S/env/$NAME.env"; SUM="$S/sums/$NAME"; changed=
# overrides: what somebody laid over the unit: drop-ins, copies, masks.
overrides() {
  for d in "$U" "$U.control" "$RUN" "$RUN.control"; do
    for x in "$d/$TEMPLATE.d" "$d/$UNIT.d" "$d/$UNIT"; do
      if [ -e "$x" ] || [ -L "$x" ]; then printf '%s\n' "$x"; fi
    done
  done
  for d in "$RUN" "$RUN.control"; do
    if [ -e "$d/$TEMPLATE" ] || [ -L "$d/$TEMPLATE" ]; then printf '%s\n' "$d/$TEMPLATE"; fi
  done
}
remove_overrides() {
  [ -n "$(overrides)" ] || return 0
  overrides | while IFS= read -r x; do rm -rf -- "$x"; done
  changed=yes
}
state() { sc show -p "$1" "$UNIT" | sed -n "s/^$1=//p"; }
# port_of NAME FIXED FIRST PROTOCOL: `port` is the fixed number, or the one that the instance has, or a free one.
port_of() {
  if [ -n "$2" ]; then port=$2; return 0; fi
  port=$(sed -n "s/^port:$1 //p" "$R" 2>/dev/null)
  if [ -n "$port" ]; then taken="$taken $port "; return 0; fi
  port=$3; tries=0
  until port_is_free "$4"; do
    port=$((port + 1)); [ "$port" -le 29999 ] || port=20000
    tries=$((tries + 1)); [ "$tries" -lt 10000 ] || refuse "no port from 20000 to 29999 is free on this host"
  done
  taken="$taken $port "
}
port_is_free() {
  case "$taken" in *" $port "*) return 1;; esac
  hex=$(printf '%04X' "$port")
  if [ "$1" = udp ]; then
    ! grep -qs "^ *[0-9]*: [0-9A-F]*:$hex " /proc/net/udp /proc/net/udp6 || return 1
  else
    ! grep -qs "^ *[0-9]*: [0-9A-F]*:$hex [0-9A-F]*:[0-9A-F]* 0A " /proc/net/tcp /proc/net/tcp6 || return 1
  fi
  ! grep -qs "^port:[^ ]* $port\$" "$ROOT"/*/*/instances/*
}
stop() {
  case $(state ActiveState) in inactive|failed) ;; *) sc stop "$UNIT" || refuse "systemd does not stop $UNIT";; esac
  sc reset-failed "$UNIT" 2>/dev/null || :
}
# forget: the fence goes with the last object of the scope, so that who begins anew can.
forget() {
  for x in "$S/instances" "$S/volumes"; do [ -z "$(ls -A "$x" 2>/dev/null)" ] || return 0; done
  rm -f "$S/fence"
}
reload() { sc daemon-reload || refuse "systemd could not read its units again"; }
"""

INSTALL = r"""
mkdir -p "$U" "$S/volumes" || refuse "cannot make $U"
{volumes}
{image}
exec 7>"$ROOT/ports.lock" || refuse "cannot write in $ROOT"
flock -w 60 7 || busy "somebody else chooses ports on this host"
taken=
{ports}
put "$R" 600 {record}
exec 7>&-
changed=
remove_overrides
put "$U/$TEMPLATE" 600 {unit_text}
put "$E" 600 {env}
( cd / && sha256sum "$U/$TEMPLATE" "$E" ) > "$SUM.new" && mv -f "$SUM.new" "$SUM" || refuse "cannot write $SUM"
"""

VOLUME = r"""
v="$S/volumes/"{name}; owner={user}
[ -d "$v" ] || { mkdir -p "$v" && chmod 755 "$v"; } || refuse "cannot make $v"
if [ -n "$owner" ] && [ "$(stat -c %u "$v")" = 0 ]; then
  chown "$owner" "$v" || refuse "user $owner does not exist on this host"
fi
"""

PULL = r"""
engine=$(command -v podman || command -v docker) || refuse "neither podman nor docker is installed on this host"
"$engine" image inspect {image} >/dev/null 2>&1 || said=$("$engine" pull {image} 2>&1 </dev/null) \
  || refuse "cannot pull "{image}": $(printf '%s' "$said" | tail -n 1)"
"""

MUST_EXIST = r"""
[ -e "$R" ] && [ -e "$U/$TEMPLATE" ] || refuse "there is no $NAME on this host, and nothing says what it should be"
"""

START = r"""
if [ ! -L "$WANTS/$UNIT" ]; then
  (umask 022; mkdir -p "$WANTS") && ln -sfn "$U/$TEMPLATE" "$WANTS/$UNIT" || refuse "cannot write in $WANTS"
fi
unlock
# A file that is new is read when its unit is first asked for; only what systemd has read before must be read again, and
# it says so itself. Reading all units again takes as long as there are units.
facts=$(sc show -p ActiveState,LoadState,NeedDaemonReload "$UNIT")
case $facts in *NeedDaemonReload=yes*|*LoadState=not-found*) reload; facts=$(sc show -p ActiveState "$UNIT");; esac
case $facts in *ActiveState=active*) active=active;; *) active=;; esac
if [ "$active" = active ] && [ -z "$changed" ]; then
  began=$(date -d "$(state ActiveEnterTimestamp)" +%s 2>/dev/null || echo 0)
  [ "$(stat -c %Y "$U/$TEMPLATE")" -le "$began" ] && [ "$(stat -c %Y "$E")" -le "$began" ] || changed=yes
fi
if [ "$active" != active ] || [ -n "$changed" ]; then
  mkdir -p "$S/started" && : > "$S/started/$NAME" || refuse "cannot write in $S"
  sc reset-failed "$UNIT" 2>/dev/null
  said=$(sc restart "$UNIT" 2>&1) || case $(state LoadState) in
    loaded) ;;
    *) refuse "systemd does not start $UNIT: $(printf '%s' "$said" | head -n 1)";;
  esac
fi
"""

STOP = r"""
rm -f "$WANTS/$UNIT"
unlock
stop
"""

REMOVE = r"""
rm -f "$WANTS/$UNIT"
unlock
stop
exec 9>"$S/lock"; flock -w 60 9 || busy "somebody else works on this host"
overrides=$(overrides)
if [ -e "$R" ] || [ -n "$overrides" ]; then
  remove_overrides
  rm -f "$R" "$E" "$SUM" "$S/started/$NAME"
  if ! grep -qs "^unit ${TEMPLATE%.service}" "$S/instances/"*; then rm -f "$U/$TEMPLATE"; fi
  [ -z "$overrides" ] || reload
fi
forget
unlock
"""

LOOK = r"""
look {unit} {template} {name}
"""

KEEP_VOLUME = r"""
v="$S/volumes/"{name}
[ -d "$v" ] || { mkdir -p "$v" && chmod 755 "$v"; } || refuse "cannot make $v"
section volumes; printf '%s\n' {name}
"""

REMOVE_VOLUME = r"""
v="$S/volumes/"{name}
! grep -qs "/volumes/"{name}":" {units}/{pattern} || refuse "volume "{name}" is still used by a service on this host"
rm -rf -- "$v" || refuse "cannot remove $v"
forget
"""
