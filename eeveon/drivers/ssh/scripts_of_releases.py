"""What is done on a host to releases, as constant text. `{name}` is filled by `script.fill`, `${name}` is the shell's.

In all of them: `$P` the path of the service, `$R` its releases, `$K` the name of one, `$F` its folder, `$M` what is known
of it. Every change of what counts is one rename: of the finished folder, of the mark `complete`, of the link `current`.
"""

FUNCTIONS = r"""
free_at() { df -Pk -- "$1" | { read -r line; read -r device all used room line; printf '%s\n' "$room"; }; }
packed() { gzip -c | base64 -w 0; printf '\n'; }
# stats_of META FOLDER: what `stat` says of each file of the manifest, links to it aside. What is gone has no record.
stats_of() { cut -z -d' ' -f2- "$1/manifest" | stat_of "$2" '%f %s %.9Y %u %n\0' | sort -z; }
stat_of() { (cd -- "$1" 2>/dev/null && exec xargs -0r stat --printf="$2" --) 2>/dev/null; }
is_as_brought() { stats_of "$1" "$2" | cmp -s - "$1/stats"; }
# sums_of FOLDER: what the files hold whose names come in.
sums_of() { (cd -- "$1" 2>/dev/null && exec xargs -0r sha1sum -z --) 2>/dev/null | sort -z; }
# edits META FOLDER: three packed lines: records now, records then, names of files that hold something else.
edits() {
  stats_of "$1" "$2" | comm -z -23 - "$1/stats" | cut -z -d' ' -f5- | stat_of "$2" '%f %s %.9Y %.9Z %u %U %n\0' | packed
  stats_of "$1" "$2" | comm -z -13 - "$1/stats" | packed
  stats_of "$1" "$2" | comm -z -23 - "$1/stats" | sed -nz 's/^8[^ ]* [^ ]* [^ ]* [^ ]* //p' \
    | sums_of "$2" | comm -z -23 - "$1/sums" | cut -z -c 43- | packed
}
# record META FOLDER: note what the files are now, to know later whether somebody has changed them.
record() {
  sed -nz 's/^[fx][^ ]* //p' "$1/manifest" | sums_of "$2" > "$1/sums.new" && mv -f -- "$1/sums.new" "$1/sums" \
    && stats_of "$1" "$2" > "$1/stats.new" && mv -f -- "$1/stats.new" "$1/stats" || refuse "cannot write in $1"
}
# carry FROM ALL: what is listed in $M/held and is in FROM, but not in the list ALL, is shared from now on. Nothing moves.
carry() {
  [ -s "$M/held" ] || return 0
  xargs -0r -n 1 sh -c '
    [ -e "$2/$4" ] && [ ! -e "$1/shared/$4" ] && [ ! -L "$1/shared/$4" ] || exit 0
    if [ -L "$2/$4" ]; then case $(readlink -- "$2/$4") in "$1/shared/"*) exit 0;; esac; fi
    if [ -e "$3" ] && grep -zFxq -e "$4" "$3"; then exit 0; fi
    mkdir -p -- "$(dirname -- "$1/shared/$4")" && ln -s -- "$2/$4" "$1/shared/$4"' sh "$P" "$1" "$2" < "$M/held"
}
# share FOLDER PREFIX: what is shared is seen in the folder, where that has nothing of its own.
share() {
  for x in "$P/shared/$2"* "$P/shared/$2".[!.]*; do
    if [ -e "$x" ] || [ -L "$x" ]; then
      n=$2${x##*/}
      if [ -d "$1/$n" ] && [ ! -L "$1/$n" ] && [ -d "$x" ] && [ ! -L "$x" ]; then share "$1" "$n/"
      elif [ ! -e "$1/$n" ] && [ ! -L "$1/$n" ]; then ln -s -- "$x" "$1/$n" || refuse "cannot write in $1"; fi
    fi
  done
}
# let_go FOLDER: what others share of the folder moves to where they look for it.
let_go() {
  [ -d "$P/shared" ] || return 0
  find "$P/shared" -type l -lname "$1/*" -print0 | xargs -0r -n 1 sh -c '
    was=$(readlink -- "$1"); mv -T -- "$was" "$1.moved" && rm -f -- "$1" && mv -T -- "$1.moved" "$1"' sh \
    || refuse "cannot move what is shared out of $1"
}
# look_releases SERVICE CHECK: what is here of a service, or of `*`; with CHECK also who has edited what is in service.
look_releases() {
  services=$1 check=$2; shift 2
  section releases
  served=' '
  for m in "$S/releases/"$services/*/complete; do
    [ -e "$m" ] || continue
    m=${m%/complete}; k=${m##*/}; v=${m%/*}; v=${v##*/}
    IFS= read -r p < "$m/path" || continue
    f=$p/releases/$k
    [ -d "$f" ] || continue
    now=-; hooked=-
    [ ! "$p/current" -ef "$f" ] || { now=current; served="$served$v "; set -- "$@" "$p/current"; }
    [ ! -e "$m/entered" ] || hooked=entered
    printf 'release %s %s %s %s %s\n' "$v" "$k" "$now" "$hooked" "$p"
    [ "$now" = - ] || [ -z "$check" ] || is_as_brought "$m" "$f" || { printf 'edited %s %s\n' "$v" "$k"; edits "$m" "$f"; }
  done
  for m in "$S/releases/"$services/*/path; do
    [ -e "$m" ] || continue
    m=${m%/path}; v=${m%/*}; v=${v##*/}
    case $served in *" $v "*) continue;; esac
    served="$served$v "
    IFS= read -r p < "$m/path" && [ -e "$p/current" ] || [ -L "$p/current" ] || continue
    printf 'elsewhere %s %s\n' "$v" "$(stat -c '%Y %u %U' -- "$p/current")"
    readlink -n -- "$p/current" | packed
  done
  section links
  [ $# = 0 ] || stat -c '%Y %u %U %n' -- "$@" 2>/dev/null
  section completed
  stat -c '%Y %n' -- "$S/releases/"$services/*/complete 2>/dev/null
  look_files users "$S/releases/"$services/*/by/*
}
"""

HEAD = r"""
V={service}; K={name}; P={path}; R=$P/releases; F=$R/$K; M=$S/releases/$V/$K
is_complete() { [ -e "$M/complete" ] && [ -d "$F" ]; }
"""

# What the host has already, and whether there is room.
SURVEY = r"""
section release
if ! is_complete; then echo absent
elif is_as_brought "$M" "$F"; then echo complete
else echo edited; edits "$M" "$F"; fi
section base
best=
for m in "$S/releases/$V/"*/complete; do
  [ -e "$m" ] || continue
  m=${m%/complete}; k=${m##*/}
  IFS= read -r p < "$m/path" && [ "$p" = "$P" ] && [ -d "$R/$k" ] && [ "$k" != "$K" ] || continue
  best=$k
  [ ! "$P/current" -ef "$R/$k" ] || break
done
if [ -n "$best" ] && IFS= read -r d < "$S/releases/$V/$best/digest"; then
  printf '%s %s\n' "$best" "$d"
  is_as_brought "$S/releases/$V/$best" "$R/$best" || edits "$S/releases/$V/$best" "$R/$best"
fi
section extras
if [ -n {excludes} ]; then
  if [ -d "$P/current" ]; then
    at=$(readlink -f -- "$P/current"); all=$S/releases/$V/${at##*/}/all
    (cd -- "$at" && find . -mindepth 1 \( ! -type d -o -empty \) -print0) | cut -z -c 3- | sort -z \
      | { if [ -e "$all" ]; then comm -z -23 - "$all"; else cat; fi; } | head -z -n 20000 | packed
  elif [ -d "$P" ]; then
    (cd -- "$P" && find . -mindepth 1 \( -path ./releases -o -path ./shared \) -prune \
      -o \( ! -type d -o -empty \) -print0) | cut -z -c 3- | head -z -n 20000 | packed
  fi
fi
section space
at=$P; while [ ! -d "$at" ]; do at=$(dirname -- "$at"); done
free_at "$at"
section lacks
for tool in base64 cmp comm cut df find flock gzip sort stat tar xargs; do
  command -v "$tool" >/dev/null || printf '%s\n' "$tool"
done
"""

MANIFEST = r"""
section manifest
packed < "$S/releases/$V/"{base}/manifest
"""

# Makes the release of what comes as a stream and of the release `base`. What is not finished does not count.
SHIP = r"""
unlock
drain() { cat > /dev/null; }
give_up() { drain; rm -rf -- "$T"; refuse "$@"; }
room() { printf ', where %s KiB are free' "$(free_at "$R")"; }
B=$R/{base}; BM=$S/releases/$V/{base}; T=$R/.$K.new; N=$T/r; owner={user}
umask 022
mkdir -p -- "$R" && [ -w "$R" ] || { drain; refuse "cannot make $R"; }
if [ -e "$R/.of" ] && [ "$(cat -- "$R/.of")" != {of} ]; then
  drain; refuse "$P holds the releases of $(cat -- "$R/.of")"
fi
printf '%s\n' {of} > "$R/.of" || { drain; refuse "cannot write in $R$(room)"; }
for m in "$S/releases/$V/"*/; do
  m=${m%/}; k=${m##*/}
  [ -d "$m" ] && [ ! -e "$m/complete" ] && [ -e "$m/path" ] || continue
  IFS= read -r p < "$m/path" && rm -rf -- "$p/releases/.$k.new" "$p/releases/$k" && rm -rf -- "$m"
done
if [ -e "$F" ] || [ -L "$F" ]; then
  [ ! "$P/current" -ef "$F" ] || { drain; refuse "$F is in service and nobody knows what it holds: move it away"; }
  mv -T -- "$F" "$R/unknown-$(date +%Y%m%dT%H%M%S)-$K" || { drain; refuse "cannot move $F"; }
fi
(umask 077; mkdir -p -- "$M/by" && printf '%s\n' "$P" > "$M/path") || give_up "cannot write in $M"
rm -rf -- "$T"; mkdir -p -- "$N" || give_up "cannot write in $R$(room)"
{unpack} | tar -x -p -f - -C "$T" 2>"$M/said" && [ -e "$T/m/end" ] \
  || give_up "the release did not arrive whole: $(tail -n 1 "$M/said")$(room)"
if [ -s "$T/m/base" ]; then
  cp -- "$BM/manifest" "$T/m/old" || give_up "cannot read $BM"
  comm -z -23 "$T/m/old" "$T/m/gone" | sort -z -m - "$T/m/added" > "$T/m/manifest" || give_up "cannot write in $R$(room)"
  comm -z -12 "$T/m/old" "$T/m/manifest" | comm -z -23 - "$T/m/spoilt" | cut -z -d' ' -f2- \
    | (cd -- "$B" && exec xargs -0r cp -P -p --parents {way} -t "$N" --) 2>"$M/said" \
    && (. "$T/m/copies") 2>>"$M/said" || give_up "cannot copy $B: $(tail -n 1 "$M/said")$(room)"
else
  mv -- "$T/m/added" "$T/m/manifest"
fi
[ "$(sha256sum < "$T/m/manifest")" = {digest}"  -" ] || give_up "the files of $K are not those that were sent"
[ "$(find "$N" ! -type d -printf x | wc -c)" = "$(tr -cd '\0' < "$T/m/manifest" | wc -c)" ] \
  || give_up "files of $K are missing$(room)"
find "$N" -type d ! -perm 755 -exec chmod 755 {} +
[ -z "$owner" ] || chown -Rh -- "$owner": "$N" 2>"$M/said" || give_up "user $owner: $(tail -n 1 "$M/said")"
if [ -s "$T/m/held" ]; then
  cp -- "$T/m/held" "$M/held" || give_up "cannot write in $M$(room)"
  if [ -L "$P/current" ]; then
    now=$(readlink -f -- "$P/current")
    carry "$now" "$S/releases/$V/${now##*/}/all" || give_up "cannot write in $P/shared$(room)"
  fi
fi
share "$N" ""
mv -- "$T/m/manifest" "$M/manifest" && printf '%s\n' {digest} > "$M/digest" || give_up "cannot write in $M$(room)"
mv -T -- "$N" "$F" || give_up "cannot write in $R$(room)"
rm -rf -- "$T" "$M/said"
"""

# run LOG LIMIT WORDS…: a command of the release in its folder, as its user, for so many seconds.
RUN = r"""
owner={user}
as_owner() {
  if [ -z "$owner" ] || [ "$owner" = "$(id -un)" ]; then "$@"
  else setpriv --reuid "$owner" --regid "$(id -g -- "$owner")" --init-groups -- "$@"; fi
}
home=$(getent passwd "${owner:-$(id -un)}" | cut -d: -f6)
run() {
  log=$1 limit=$2; shift 2
  printf '$ %s\n' "$*" >> "$log"
  (cd -- "$F" && umask 022 && as_owner timeout -k 5 "$limit" env -i PATH="$PATH" HOME="${home:-/}" LANG=C.UTF-8 \
    EEVEON_RELEASE="$F" EEVEON_COMMIT={commit} {env} "$@") >> "$log" 2>&1 < /dev/null 8>&- 9>&-
}
said() { section said; tail -c 8000 -- "$1" | packed; }
why() { case $1 in 124|137) echo "took longer than $2 s";; 127) echo "was not found";; *) echo "ended with status $1";; esac; }
"""

BUILD = r"""
run "$M/log" {limit} {words} || {
  status=$?; said "$M/log"; rm -rf -- "$F"
  refuse {shown}" $(why "$status" {limit}): $(tail -n 1 -- "$M/log")"
}
"""

SAID = r"""
said "$M/log"
"""

COMPLETE = r"""
rm -f -- "$M/entered"
if [ -n {excludes} ]; then
  (cd -- "$F" && find . -mindepth 1 -print0) | cut -z -c 3- | sort -z > "$M/all" || refuse "cannot write in $M"
fi
record "$M" "$F"
[ "$(tr -cd '\0' < "$M/stats" | wc -c)" = "$(tr -cd '\0' < "$M/manifest" | wc -c)" ] \
  || refuse "files of $K went away while it was made"
: > "$M/complete.new" && mv -f -- "$M/complete.new" "$M/complete" || refuse "cannot write in $M"
"""

# Puts back files that were edited, each by one rename.
MEND = r"""
unlock
drain() { cat > /dev/null; }
T=$R/.$K.new; owner={user}
umask 022
rm -rf -- "$T"; mkdir -p -- "$T/r" || { drain; refuse "cannot write in $R"; }
{unpack} | tar -x -p -f - -C "$T" 2>/dev/null && [ -e "$T/m/end" ] \
  || { drain; rm -rf -- "$T"; refuse "the files did not arrive whole"; }
[ -z "$owner" ] || chown -Rh -- "$owner": "$T/r" || refuse "cannot give the files to $owner"
(cd -- "$T/r" && find . ! -type d -print0) | (cd -- "$T/r" && xargs -0r -n 1 sh -c '
  folder=$(dirname -- "$2"); mkdir -p -- "$1/$folder"
  if [ -d "$1/$2" ] && [ ! -L "$1/$2" ]; then mv -T -- "$1/$2" "$1/$2.before-$(date +%Y%m%dT%H%M%S)"; fi
  mv -fT -- "$2" "$1/$2"' sh "$F") || refuse "cannot write in $F"
rm -rf -- "$T"
record "$M" "$F"
"""

USE = r"""
(umask 077; printf '%s\n' {record} {aim} > "$M/.by" && mv -f -- "$M/.by" "$M/by/"{instance}) || refuse "cannot write in $M"
"""

# The instance as it was noted, with another aim.
AIM = r"""
if [ -e "$M/by/"{instance} ]; then
  (umask 077; { head -n 1 "$M/by/"{instance}; printf '%s\n' {aim}; } > "$M/.by" && mv -f -- "$M/.by" "$M/by/"{instance}) \
    || refuse "cannot write in $M"
fi
"""

MUST_BE_COMPLETE = r"""
is_complete || refuse "release $K is not on this host"
"""

# `current` leads to the release, in one rename. What was there before us is moved aside, never removed.
# Whoever could enter it can enter it still: what serves the files is seldom who brings them.
ENTER = r"""
umask 022
# like FOLDER FROM: mode, owner and group of the folder are those of the other; where we are not root, as far as we may.
like() { chown --reference="$2" -- "$1" 2>/dev/null || :; chmod --reference="$2" -- "$1" || refuse "cannot write in $1"; }
adopt() {
  A=adopted-$(date +%Y%m%dT%H%M%S); mkdir -p -- "$1/$A" || refuse "cannot write in $1"
  like "$1/$A" "$P"
  printf '%s\n' "$A" > "$S/releases/$V/adopted"
}
if [ -L "$P" ] && [ ! -L "$P/current" ]; then
  case $(readlink -- "$P") in
    *_blue|*_green) was=$(readlink -f -- "$P"); D=$P.eeveon-new
      mkdir -p -- "$D" && like "$D" "$was" && mv -T -- "$was/releases" "$D/releases" || refuse "cannot write beside $P"
      A=adopted-$(date +%Y%m%dT%H%M%S); printf '%s\n' "$A" > "$S/releases/$V/adopted"
      mv -T -- "$was" "$D/releases/$A" && rm -f -- "$P" && mv -T -- "$D" "$P" || refuse "cannot replace $P";;
  esac
elif [ -d "$P/current" ] && [ ! -L "$P/current" ]; then
  adopt "$R"; rmdir -- "$R/$A" && mv -T -- "$P/current" "$R/$A" || refuse "cannot move $P/current aside"
elif [ ! -L "$P/current" ]; then
  for x in "$P"/* "$P"/.[!.]* "$P"/..?*; do
    { [ -e "$x" ] || [ -L "$x" ]; } || continue
    case ${x##*/} in releases|shared|.current.new) continue;; esac
    [ -n "${A-}" ] || adopt "$R"
    mv -- "$x" "$R/$A/" || refuse "cannot move $x aside"
  done
fi
if [ -n "${A-}" ]; then carry "$R/$A" ""; share "$F" ""; fi
if [ ! "$P/current" -ef "$F" ] || [ ! -L "$P/current" ]; then
  touch "$M/complete"
  rm -f -- "$M/entered" "$P/.current.new"
  ln -s -- "releases/$K" "$P/.current.new" && mv -fT -- "$P/.current.new" "$P/current" || refuse "cannot write in $P"
fi
"""

HOOK = r"""
if [ ! -e "$M/entered" ]; then
  : > "$M/log.hooks"
  {hooks}
  said "$M/log.hooks"
  : > "$M/entered"
fi
"""

HOOK_LINE = r"""
run "$M/log.hooks" {limit} {words} || {
  status=$?; said "$M/log.hooks"
  refuse {shown}" $(why "$status" {limit}): $(tail -n 1 -- "$M/log.hooks")"
}
"""

LEAVE = r"""
others=
for x in "$M/by/"*; do
  if [ -e "$x" ] && [ "$(tail -n 1 -- "$x")" = serving ]; then others=yes; fi
done
if [ -z "$others" ] && [ -L "$P/current" ] && [ "$P/current" -ef "$F" ]; then
  rm -f -- "$P/current" "$M/entered"
  if [ -e "$S/releases/$V/adopted" ]; then
    IFS= read -r A < "$S/releases/$V/adopted"
    for x in "$R/$A"/* "$R/$A"/.[!.]* "$R/$A"/..?*; do
      if [ -e "$x" ] || [ -L "$x" ]; then mv -n -- "$x" "$P/" || refuse "cannot move $x back"; fi
    done
    rmdir -- "$R/$A" 2>/dev/null; rm -f -- "$S/releases/$V/adopted"
  fi
fi
"""

SETTLED = r"""
rm -f -- "$S/releases/$V/adopted"
"""

REMOVE = r"""
rm -f -- "$M/by/"{instance}
if [ -z "$(ls -A "$M/by" 2>/dev/null)" ] && [ -e "$M/path" ]; then
  if [ -L "$P/current" ] && [ "$P/current" -ef "$F" ]; then rm -f -- "$P/current"; fi
  rm -f -- "$M/complete"
  let_go "$F"
  rm -rf -- "$F" "$R/.$K.new" || refuse "cannot remove $F"
  rm -rf -- "$M"
  if rmdir -- "$S/releases/$V" 2>/dev/null; then
    rm -f -- "$R/.of"; rmdir -- "$R" 2>/dev/null && rmdir -- "$P" 2>/dev/null
  fi
fi
:
"""
