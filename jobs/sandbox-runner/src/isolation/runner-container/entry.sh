# The runner container's command, `/runvoy/bin/sh /runvoy/entry.sh`. A static busybox reads it, because the user's image may
# have no program but its own. It starts the command, ends it as the sidecar orders, and says what became of it. Orders come
# through a pipe, as signals cannot: the sidecar may see other processes than we do. entry-link.ts is the other end.
#
# Three shells: the first (often process 1) hears the platform's signals, `obey` reads orders, `work` waits for the command.
# No trap can fall into the one that waits, so the exit code is right.

root=${0%/*}
box=$root/bin/busybox
leader=
worker=
code=143

tell() {
  echo "$1" >&7
} 2>/dev/null

# Sets `found`: what lives of the run. In a process namespace of our own that is everybody but us; where we see others too,
# it is the command's session and whoever carries the run's marker.
look() {
  found=
  marked=
  [ $$ = 1 ] || marked=" $("$box" grep -lszxF "$marker" /proc/[0-9]*/environ) "
  for entry in /proc/[0-9]*; do
    pid=${entry#/proc/}
    { read -r stat <"$entry/stat"; } 2>/dev/null || continue
    consider "$pid" "$entry" ${stat##*) }
  done
}

# pid, directory, state, parent, group, session
consider() {
  case "$3 $1" in [ZX]* | "$3 $$" | "$3 $self" | "$3 $worker") return ;; esac
  [ "$4" != "$self" ] || return
  if [ $$ != 1 ] && [ "$5" != "$leader" ] && [ "$6" != "$leader" ]; then
    # The sidecar has the run's id in its environment too, but it is no part of the run.
    case $marked in *"$2/environ"*) "$box" grep -qszxF RUNVOY=true "$2/environ" || return ;; *) return ;; esac
  fi
  found="$found $1:$5"
}

terminate() {
  # The whole group in one call, then who left it: each once. A command that was only just forked has no group yet.
  kill -TERM "-$leader" || kill -TERM "$leader"
  look
  for one in $found; do
    [ "${one#*:}" = "$leader" ] || kill -TERM "${one%:*}"
  done
} 2>/dev/null

kill_all() {
  killed=' '
  count=0
  round=0
  look
  kill -KILL "-$leader"
  while [ -n "$found" ] && [ $round -lt 150 ]; do
    for one in $found; do
      pid=${one%:*}
      kill -KILL "$pid"
      case $killed in *" $pid "*) ;; *) killed="$killed$pid " count=$((count + 1)) ;; esac
    done
    "$box" sleep 0.02
    round=$((round + 1))
    look
  done
} 2>/dev/null

start() {
  { read -r leader _ </proc/self/stat; } 2>/dev/null
  tell "leader $leader $$"
  trap - TERM PIPE
  exec 7>&-
  cd -- "$cwd" || exit 1
  # `env` and not `export`: a value or a name may be anything, and none may disturb this shell.
  exec "$box" setsid "$box" env -- "$@" "$shell" -e "$script"
}

# The command is started in the foreground of a shell of its own: in the background it would inherit that SIGINT and
# SIGQUIT are ignored, and no program can rely on getting them back.
work() {
  exec 2>/dev/null
  trap '' TERM PIPE
  . "$root/run/call.sh"
  (start "$@") </dev/null >&8 2>&9 8>&- 9>&-
  tell "exit $?"
  exit
}

# Ends all when the sidecar is gone: with it went the other end of the pipe, and the log.
obey() {
  { read -r self _ </proc/self/stat; } 2>/dev/null
  patience=604800
  while read -r -t "$patience" order word <&3; do
    case $order in
    leader) leader=${word% *} worker=${word#* } ;;
    term) terminate ;;
    kill)
      kill_all
      tell "count $count"
      ;;
    look)
      look
      set -- $found
      tell "count $#"
      ;;
    ended) code=$word patience=60 ;;
    drained) exit "$code" ;;
    esac
  done
  if [ "$patience" != 60 ]; then
    terminate
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      kill -0 "$worker" 2>/dev/null || break
      "$box" sleep 0.3
    done
  fi
  kill_all
  exit "$code"
}

# What an image may leave out. The run's own variables come later and win.
PATH=${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
[ "${HOME:-/}" != / ] || HOME=$root/workspace
export PATH HOME
shell=$root/bin/sh
[ ! -x /bin/sh ] || shell=/bin/sh
[ "$1" != work ] || work

# With a reader of our own for a moment: opening a pipe would wait for ever for a sidecar that is gone.
exec 5<>"$root/pipes/control" 3<"$root/pipes/control"
exec 5<>"$root/pipes/status" 7>"$root/pipes/status"
exec 5<>"$root/pipes/stdout" 8>"$root/pipes/stdout"
exec 5<>"$root/pipes/stderr" 9>"$root/pipes/stderr"
exec 5<&-

trap '' PIPE TERM
tell begun || exit 70
# A sidecar that said nothing by then never will.
read -r -t 30 order <&3 && [ "$order" = go ] || exit 0
# A leader of its group has setsid fork and not wait: the second one leaves the shell behind, with the signals it has here.
(trap - TERM PIPE && exec "$box" setsid "$box" setsid "$box" sh "$0" work) 3<&-
. "$root/run/call.sh"
obey &
obeying=$!
exec 3<&- 8>&- 9>&-
# The sidecar decides what a signal of the platform means, and orders it.
trap 'tell signalled' TERM
while kill -0 "$obeying" 2>/dev/null; do
  wait "$obeying"
  code=$?
done
exit "$code"
